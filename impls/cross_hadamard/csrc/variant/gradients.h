// The gradients' kernels as kernels.cpp names them; gradients.cpp compiles them beside it, so that two cores share a
// variant.
#pragma once

#include "../cpu/types.h"

namespace opbench::OPBENCH_VARIANT {

template <typename Pool, typename T>
void multiply_backward(const Pool& pool, const T* grad, const T* x, const int64_t* index, T* grad_x, const Sizes& sizes);

template <typename Pool, typename T>
void expand_backward(const Pool& pool, const T* grad, const T* x, const int64_t* index, const Normaliser<T>& normaliser,
                     T* grad_x, double* grad_weight, double* grad_bias, double* grad_alpha, const Sizes& sizes);

}  // namespace opbench::OPBENCH_VARIANT
