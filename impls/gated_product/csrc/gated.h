// y = f(gate) * value on rows, and its gradients: what the operators call, whichever vector instructions it runs with.
#pragma once

#include <cstdint>
#include <string>

#include "../../cross_hadamard/csrc/cpu/types.h"

namespace opbench {

enum class Form { silu, gelu, gelu_tanh, sigmoid, relu };

// Rows of `width` elements; the elements of a row are contiguous, and row r of a tensor begins at r * its stride.
struct Rows {
  int64_t count, width;
};

template <typename T>
struct Operand {
  T* data;
  int64_t stride;
};

// The kernels for one type of elements. Computed in float (double for double), rounded once.
template <typename T>
struct GatedKernels {
  void (*forward)(Form form, Operand<const T> gate, Operand<const T> value, Operand<T> out, Rows rows, Stores stores);
  void (*backward)(Form form, Operand<const T> grad, Operand<const T> gate, Operand<const T> value, Operand<T> grad_gate,
                   Operand<T> grad_value, Rows rows, Stores stores);
};

// The kernels compiled for one set of vector instructions.
struct GatedVariant {
  GatedKernels<float> of_float;
  GatedKernels<double> of_double;
  GatedKernels<Half> of_half;
  GatedKernels<BFloat16> of_bfloat16;

  template <typename T>
  const GatedKernels<T>& of() const {
    if constexpr (std::is_same_v<T, float>) return of_float;
    if constexpr (std::is_same_v<T, double>) return of_double;
    if constexpr (std::is_same_v<T, Half>) return of_half;
    if constexpr (std::is_same_v<T, BFloat16>) return of_bfloat16;
  }
};

}  // namespace opbench
