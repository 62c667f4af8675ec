// What the operators accept of tensors and names; the public functions have checked most of it with the same words.
#pragma once

#include "../../torch_interface/csrc/tensor.h"
#include "cpu.h"
#include "cpu/pairs.h"

namespace opbench {

inline void check_input(const Tensor& x) {
  OPBENCH_CHECK_VALUE(x.dim() >= 2, "x has shape ", x.sizes(), "; expected (B, C, *spatial)");
  OPBENCH_CHECK_TYPE(is_floating(x.dtype()), "x is ", x.dtype(), "; expected float32, float16, bfloat16 or float64");
}

// Shape, dtype and every value: a value outside would read memory that is not x's.
inline void check_index(const Tensor& x, const Tensor& index) {
  OPBENCH_CHECK_TYPE(index.dtype() == Dtype::int64, "index is ", index.dtype(), "; expected int64");
  OPBENCH_CHECK_VALUE(index.dim() == 2 && index.size(0) == x.size(0), "index has shape ", index.sizes(),
                      "; expected (B, k) with B = ", x.size(0), " as in x");
  const Packed rows(index);
  const auto* wanted = rows.data<int64_t>();
  for (int64_t row = 0, count = index.numel(), channels = x.size(1); row < count; ++row) {
    OPBENCH_CHECK_INDEX(wanted[row] >= 0 && wanted[row] < channels, "index holds ", wanted[row],
                        "; expected 0 <= index < C = ", channels);
  }
}

// P of n channels, or ValueError where an int64 cannot count them.
inline int64_t checked_pairs(int64_t n) {
  OPBENCH_CHECK_VALUE(n <= kMostChannels, "n is ", n, " channels, whose pairs an int64 cannot count; expected n <= ",
                      kMostChannels);
  return pair_count(n);
}

// The gradient of an output of this shape, in x's dtype.
inline void check_grad(const Tensor& grad, const Tensor& x, const Shape& shape) {
  OPBENCH_CHECK_VALUE(grad.sizes() == shape, "grad has shape ", grad.sizes(), "; expected ", shape);
  OPBENCH_CHECK_TYPE(grad.dtype() == x.dtype(), "grad is ", grad.dtype(), "; expected ", x.dtype(), " as x");
}

inline void check_parameter(const char* name, const Tensor& parameter, int64_t elements) {
  OPBENCH_CHECK_VALUE(parameter.numel() == elements && parameter.dim() <= 1, name, " has shape ", parameter.sizes(),
                      "; expected (", elements, ",)");
  OPBENCH_CHECK_TYPE(is_floating(parameter.dtype()), name, " is ", parameter.dtype(),
                     "; expected float32, float64 or the dtype of x");
}

inline void check_selection(const Tensor& x, const Tensor& taps, int64_t k) {
  OPBENCH_CHECK_VALUE(taps.numel() % 2 == 1, "taps has shape ", taps.sizes(), "; expected an odd number of weights");
  OPBENCH_CHECK_TYPE(is_floating(taps.dtype()), "taps is ", taps.dtype(), "; expected float32");
  OPBENCH_CHECK_VALUE(x.dim() >= 2 && 0 <= k && k <= x.size(1), "k is ", k, " and x has shape ", x.sizes(),
                      "; expected 0 <= k <= C");
}

// Which of `count` a number names; Python has the names (`cpp_kernels`).
template <typename Choice>
Choice numbered(const char* kind, int64_t number, int64_t count) {
  OPBENCH_CHECK_VALUE(0 <= number && number < count, kind, " is ", number, "; expected 0 to ", count - 1);
  return static_cast<Choice>(number);
}
inline Norm norm_numbered(int64_t number) { return numbered<Norm>("norm", number, 5); }

// -1: the kernels' own choice.
inline Schedule schedule_numbered(int64_t number) {
  return number == -1 ? Schedule::flat : numbered<Schedule>("schedule", number, 4);
}

// `shape` of x with another number of channels.
inline Dims with_channels(const Tensor& x, int64_t channels) {
  Dims shape(x.sizes());
  shape[1] = channels;
  return shape;
}

inline Sizes sizes_of(const Tensor& x, int64_t n) {
  const Shape& shape = x.sizes();
  int64_t size = 1;
  for (int64_t axis = 2; axis < shape.count; ++axis) size *= shape[axis];
  return {shape[0], shape[1], n, size};
}

}  // namespace opbench
