// What all kernels here share: a register of floats, activations, and memory on cache lines.
#pragma once

#include <cstdint>
#include <cstring>
#include <utility>

#include "../../../cross_hadamard/csrc/cpu/vector/vectors.h"
#include "../arena.h"
#include "../layer.h"

namespace opbench::OPBENCH_VARIANT {

using bottlenecks::Layer;
using bottlenecks::Refused;
using bottlenecks::Shape;
using bottlenecks::Team;
using bottlenecks::whole_lines;

using Floats = Vec<float>;
constexpr int64_t kLanes = Floats::width;

constexpr int64_t ceil_div(int64_t count, int64_t by) { return (count + by - 1) / by; }
constexpr int64_t round_up(int64_t count, int64_t to) { return ceil_div(count, to) * to; }
constexpr int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }
constexpr int64_t larger(int64_t a, int64_t b) { return a < b ? b : a; }
constexpr int64_t float_bytes(int64_t count) { return whole_lines(count * static_cast<int64_t>(sizeof(float))); }

// Part `at` of `parts` of [0, count).
struct Span {
  int64_t from, to;
};
constexpr Span share_of(int64_t count, int64_t at, int64_t parts) { return {at * count / parts, (at + 1) * count / parts}; }

// v * min(max(v + 3, 0), 6) / 6; NaN stays NaN.
inline Floats hardswish(const Floats& v) {
  const Floats::Lanes shifted = v.lanes + 3.0f, zero = {}, six = zero + 6.0f;
  const Floats::Lanes above = shifted < zero ? zero : shifted;
  const Floats::Lanes gate = above > six ? six : above;
  return v.lanes * gate * (1.0f / 6.0f);
}

// Zeros at first, on a cache line's start. Not a std::vector: of a function that no other unit has, the linker would keep
// the one compiled here, for every processor.
class Buffer {
 public:
  Buffer() = default;
  explicit Buffer(int64_t count)
      : data_(static_cast<float*>(bottlenecks::take(static_cast<size_t>(float_bytes(larger(count, 1)))))) {}
  Buffer(Buffer&& from) noexcept : data_(std::exchange(from.data_, nullptr)) {}
  Buffer& operator=(Buffer&& from) noexcept {
    std::swap(data_, from.data_);
    return *this;
  }
  ~Buffer() { bottlenecks::give_back(data_); }

  float* data() { return data_; }
  const float* data() const { return data_; }
  float& operator[](int64_t at) { return data_[at]; }
  float operator[](int64_t at) const { return data_[at]; }

 private:
  float* data_ = nullptr;
};

// Values that are needed while weights are packed.
class Draft {
 public:
  explicit Draft(int64_t count) : data_(new float[static_cast<size_t>(count)]) {}
  Draft(const Draft&) = delete;
  Draft& operator=(const Draft&) = delete;
  ~Draft() { delete[] data_; }
  float* data() { return data_; }
  float& operator[](int64_t at) { return data_[at]; }

 private:
  float* data_;
};

// `count` values, copied, with zeros up to a whole number of registers.
inline Buffer padded(const float* values, int64_t count) {
  Buffer found(round_up(count, kLanes));
  if (count > 0) std::memcpy(found.data(), values, static_cast<size_t>(count) * sizeof(float));
  return found;
}

// Pieces of a run's scratch, one behind the other; from nowhere, where only their size is asked for.
class Carver {
 public:
  explicit Carver(char* from) : from_(from) {}
  template <typename T>
  T* of(int64_t count) {
    char* const found = from_ == nullptr ? nullptr : from_ + bytes_;
    bytes_ += whole_lines(count * static_cast<int64_t>(sizeof(T)));
    return reinterpret_cast<T*>(found);
  }
  float* floats(int64_t count) { return of<float>(count); }
  int64_t bytes() const { return bytes_; }

 private:
  char* from_;
  int64_t bytes_ = 0;
};

}  // namespace opbench::OPBENCH_VARIANT
