// The product of two projections summed over tokens: what the operator calls, whichever vector instructions it runs with.
#pragma once

#include <cstdint>

namespace opbench {

// sums[c] = sum over tokens t of projected[t][c] * projected[t][width + c]; a row of `projected` has 2 * width elements.
template <typename T>
using ProductSum = void (*)(const T* projected, int64_t tokens, int64_t width, T* sums);

// The kernels compiled for one set of vector instructions.
struct GateVariant {
  ProductSum<float> of_float;
  ProductSum<double> of_double;

  template <typename T>
  ProductSum<T> of() const {
    if constexpr (sizeof(T) == sizeof(float)) {
      return of_float;
    } else {
      return of_double;
    }
  }
};

}  // namespace opbench
