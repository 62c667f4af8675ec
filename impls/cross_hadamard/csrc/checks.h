// What the operators accept of tensors and names; the public functions have checked most of it with the same words.
#pragma once

#include <ATen/core/Tensor.h>

#include <initializer_list>
#include <string_view>
#include <utility>
#include <vector>

#include "cpu.h"
#include "cpu/pairs.h"

namespace opbench {

inline void check_input(const at::Tensor& x) {
  TORCH_CHECK_VALUE(x.dim() >= 2, "x has shape ", x.sizes(), "; expected (B, C, *spatial)");
  TORCH_CHECK_TYPE(at::isFloatingType(x.scalar_type()), "x is ", x.scalar_type(),
                   "; expected float32, float16, bfloat16 or float64");
}

// Shape, dtype and every value: a value outside would read memory that is not x's.
inline void check_index(const at::Tensor& x, const at::Tensor& index) {
  TORCH_CHECK_TYPE(index.scalar_type() == at::kLong, "index is ", index.scalar_type(), "; expected int64");
  TORCH_CHECK_VALUE(index.dim() == 2 && index.size(0) == x.size(0), "index has shape ", index.sizes(),
                    "; expected (B, k) with B = ", x.size(0), " as in x");
  const at::Tensor rows = index.contiguous();
  const auto* wanted = rows.const_data_ptr<int64_t>();
  for (int64_t row = 0; row < rows.numel(); ++row) {
    TORCH_CHECK_INDEX(wanted[row] >= 0 && wanted[row] < x.size(1), "index holds ", wanted[row],
                      "; expected 0 <= index < C = ", x.size(1));
  }
}

// P of n channels, or ValueError where an int64 cannot count them.
inline int64_t checked_pairs(int64_t n) {
  TORCH_CHECK_VALUE(n <= kMostChannels, "n is ", n, " channels, whose pairs an int64 cannot count; expected n <= ",
                    kMostChannels);
  return pair_count(n);
}

// The gradient of an output of this shape, in x's dtype.
inline void check_grad(const at::Tensor& grad, const at::Tensor& x, at::IntArrayRef shape) {
  TORCH_CHECK_VALUE(grad.sizes() == shape, "grad has shape ", grad.sizes(), "; expected ", shape);
  TORCH_CHECK_TYPE(grad.scalar_type() == x.scalar_type(), "grad is ", grad.scalar_type(), "; expected ",
                   x.scalar_type(), " as x");
}

inline void check_parameter(const char* name, const at::Tensor& parameter, int64_t elements) {
  TORCH_CHECK_VALUE(parameter.numel() == elements && parameter.dim() <= 1, name, " has shape ", parameter.sizes(),
                    "; expected (", elements, ",)");
  TORCH_CHECK_TYPE(at::isFloatingType(parameter.scalar_type()), name, " is ", parameter.scalar_type(),
                   "; expected float32, float64 or the dtype of x");
}

inline void check_selection(const at::Tensor& x, const at::Tensor& taps, int64_t k) {
  TORCH_CHECK_VALUE(taps.numel() % 2 == 1, "taps has shape ", taps.sizes(), "; expected an odd number of weights");
  TORCH_CHECK_TYPE(at::isFloatingType(taps.scalar_type()), "taps is ", taps.scalar_type(), "; expected float32");
  TORCH_CHECK_VALUE(x.dim() >= 2 && 0 <= k && k <= x.size(1), "k is ", k, " and x has shape ", x.sizes(),
                    "; expected 0 <= k <= C");
}

template <typename Choice>
Choice named(const char* kind, std::string_view name,
             std::initializer_list<std::pair<std::string_view, Choice>> choices, const char* of) {
  std::string known;
  for (const auto& [each, choice] : choices) {
    if (each == name) return choice;
    known += (known.empty() ? "" : ", ") + std::string(each);
  }
  TORCH_CHECK_VALUE(false, "no ", kind, " '", name, "' ", of, "; there are: ", known);
}

inline Norm norm_named(std::string_view name) {
  return named<Norm>("norm", name,
                     {{"softsign", Norm::softsign},
                      {"sigmoid", Norm::sigmoid},
                      {"algebraic", Norm::algebraic},
                      {"tanh", Norm::tanh},
                      {"identity", Norm::identity}},
                     "of ach_expand");
}

inline Schedule schedule_named(std::string_view name) {
  return named<Schedule>("schedule", name,
                         {{"direct", Schedule::direct},
                          {"balanced", Schedule::balanced},
                          {"blocked", Schedule::blocked},
                          {"flat", Schedule::flat},
                          {"", Schedule::flat}},
                         "of cross_hadamard");
}

// `shape` of x with another number of channels.
inline std::vector<int64_t> with_channels(const at::Tensor& x, int64_t channels) {
  auto shape = x.sizes().vec();
  shape[1] = channels;
  return shape;
}

inline Sizes sizes_of(const at::Tensor& x, int64_t n) {
  int64_t size = 1;
  for (int64_t dim = 2; dim < x.dim(); ++dim) size *= x.size(dim);
  return {x.size(0), x.size(1), n, size};
}

}  // namespace opbench
