// CPU kernels of the cross-Hadamard product. Pointers are to contiguous tensors:
//   z (B, n, S), out and grad (B, P, S), with P = n(n-1)/2 pairs in row order and S the spatial size.
#pragma once

#include <cstdint>

namespace opbench {

// out[b, p] = z[b, i] * z[b, j] for every pair p = (i, j).
template <typename T>
void cross_hadamard(const T* z, T* out, int64_t batch, int64_t n, int64_t size);

// grad_z[b, i] = sum over j of grad[b, pair(i, j)] * z[b, j], accumulated in float (double for double).
template <typename T>
void cross_hadamard_backward(const T* grad, const T* z, T* grad_z, int64_t batch, int64_t n, int64_t size);

// Set `count` elements: the least any operator with an output of that size must do.
template <typename T>
void fill(T* out, int64_t count, T value);

}  // namespace opbench
