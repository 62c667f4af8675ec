// Errors as Python sees them: PyTorch's bindings make a ValueError of std::invalid_argument and an IndexError of
// std::out_of_range. None of the standard exceptions becomes a TypeError, so its name stands before its words, by which
// Python knows it (`impls.torch_interface.errors`).
#pragma once

#include <cstdint>
#include <cstdio>
#include <stdexcept>
#include <string>
#include <string_view>

namespace opbench {

inline std::string text(std::string_view words) { return std::string(words); }
inline std::string text(int64_t number) { return std::to_string(number); }
inline std::string text(int32_t number) { return std::to_string(number); }
inline std::string text(double number) {
  char digits[32];
  std::snprintf(digits, sizeof(digits), "%g", number);
  return digits;
}

// All parts, one behind the other.
template <typename... Parts>
std::string joined(const Parts&... parts) {
  std::string all;
  ((all += text(parts)), ...);
  return all;
}

class TypeError : public std::runtime_error {
 public:
  explicit TypeError(const std::string& words) : std::runtime_error("TypeError: " + words) {}
};

}  // namespace opbench

// Throws, with the parts that follow as its words, where the condition does not hold; else they are not looked at.
#define OPBENCH_CHECK_VALUE(condition, ...) \
  if (!(condition)) throw std::invalid_argument(::opbench::joined(__VA_ARGS__))
#define OPBENCH_CHECK_TYPE(condition, ...) \
  if (!(condition)) throw ::opbench::TypeError(::opbench::joined(__VA_ARGS__))
#define OPBENCH_CHECK_INDEX(condition, ...) \
  if (!(condition)) throw std::out_of_range(::opbench::joined(__VA_ARGS__))
