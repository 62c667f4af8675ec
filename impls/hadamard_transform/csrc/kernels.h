// The transform on a CPU: what the operators call. Compiled once for each set of vector instructions, without PyTorch's
// headers; one library holds all variants and takes the widest that the processor has.
#pragma once

#include <cstdint>
#include <type_traits>

#include "../../cross_hadamard/csrc/cpu/types.h"

namespace opbench_hadamard {

using opbench::Accumulate;
using opbench::BFloat16;
using opbench::Half;
using opbench::Stores;

// x (rows, size), each row cut into blocks of `block` = order * 2^k elements that are transformed by themselves. `size` is
// a multiple of `block`.
struct Shape {
  int64_t rows, size, block, order;
};

// out = scale * after * (H of (before * x)) in every block, H the Kronecker product of `matrix` and Sylvester's. Computed
// in Accumulate<T> and rounded once.
template <typename T>
struct Arguments {
  const T* x;
  T* out;                       // may be x itself
  const Accumulate<T>* before;  // (size,) or null
  const Accumulate<T>* after;   // (size,) or null
  const Accumulate<T>* matrix;  // (order, order) of +-1; not read where the order is 1
  Accumulate<T> scale;
  Stores stores;
};

template <typename T>
using Transform = void (*)(const Arguments<T>& arguments, const Shape& shape);

struct Variant {
  const Transform<float>* of_float;
  const Transform<double>* of_double;
  const Transform<Half>* of_half;
  const Transform<BFloat16>* of_bfloat16;

  template <typename T>
  Transform<T> of() const {
    if constexpr (std::is_same_v<T, float>) return *of_float;
    if constexpr (std::is_same_v<T, double>) return *of_double;
    if constexpr (std::is_same_v<T, Half>) return *of_half;
    if constexpr (std::is_same_v<T, BFloat16>) return *of_bfloat16;
  }
};

}  // namespace opbench_hadamard
