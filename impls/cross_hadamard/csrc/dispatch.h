// From PyTorch's dtypes to the kernels' types of elements.
#pragma once

#include "../../torch_interface/csrc/tensor.h"
#include "cpu/types.h"

namespace opbench {

// Calls body(T()) with the type of elements of a floating dtype; the callers have checked that it is one.
template <typename Body>
void for_floating(Dtype dtype, const Body& body) {
  switch (dtype) {
    case Dtype::float32: return body(float());
    case Dtype::float64: return body(double());
    case Dtype::float16: return body(Half());
    case Dtype::bfloat16: return body(BFloat16());
    default: throw TypeError(joined("elements are ", dtype, "; expected float32, float16, bfloat16 or float64"));
  }
}

// The same of float32 and float64 alone.
template <typename Body>
void for_float_or_double(Dtype dtype, const Body& body) {
  dtype == Dtype::float64 ? body(double()) : body(float());
}

}  // namespace opbench
