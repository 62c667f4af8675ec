// CPU kernels of the cross-Hadamard product and of the ACH expansion around it. Pointers are to contiguous tensors.
#pragma once

#include <ATen/OpMathType.h>

#include <cstdint>
#include <vector>

namespace opbench {

// x (batch, channels, size); n channels of it are multiplied, all or the selected ones, in P = n(n-1)/2 pairs.
struct Sizes {
  int64_t batch, channels, n, size;
};

enum class Schedule { direct, balanced, blocked, flat };
enum class Norm { softsign, sigmoid, algebraic, tanh, identity };

// z (B, n, S) -> out (B, P, S): out[b, p] = z[b, i] * z[b, j] for every pair p = (i, j).
template <typename T>
void cross_hadamard(const T* z, T* out, const Sizes& sizes, Schedule schedule);

// One schedule each of the above; n >= 2 and something to write.
template <typename T>
void multiply_flat(const T* z, T* out, const Sizes& sizes);
template <typename T>
void multiply_direct(const T* z, T* out, const Sizes& sizes);
template <typename T>
void multiply_balanced(const T* z, T* out, const Sizes& sizes);
template <typename T>
void multiply_blocked(const T* z, T* out, const Sizes& sizes);

// grad (B, P, S), x (B, C, S), index (B, n) or null for all channels -> grad_x (B, C, S), every element written:
// grad_x[b, c] = sum over positions i of channel c, and j != i, of grad[b, pair(i, j)] * z[b, j], rounded once.
template <typename T>
void cross_hadamard_backward(const T* grad, const T* x, const int64_t* index, T* grad_x, const Sizes& sizes);

// What the normalised products f(alpha * z_i * z_j) * weight[p] + bias[p] need besides x, in the type T is added up in.
template <typename T>
struct Normaliser {
  Norm norm;
  at::opmath_type<T> alpha;
  const at::opmath_type<T>*weight, *bias;  // (P,)
};

// x (B, C, S), index (B, n) -> out (B, C + P, S): x itself, then the normalised products, computed wide, rounded once.
template <typename T>
void ach_expand(const T* x, const int64_t* index, const Normaliser<T>& normaliser, T* out, const Sizes& sizes,
                Schedule schedule);

// The same for an output whose part of x is there already: the products alone are written.
template <typename T>
void append_products(const T* x, const int64_t* index, const Normaliser<T>& normaliser, T* out, const Sizes& sizes,
                     Schedule schedule);

// ach_expand of the n channels of each sample that score highest: a channel's score is the sum of its mean and of its
// neighbours', weighted by `taps`, of which there is an odd number.
template <typename T>
void ach_select_expand(const T* x, const std::vector<double>& taps, const Normaliser<T>& normaliser, T* out,
                       const Sizes& sizes, Schedule schedule);

// Which schedule to take when none was asked for.
template <typename T>
Schedule own_schedule(const Sizes& sizes);

// grad (B, C + P, S) -> grad_x (B, C, S), and of the parameters: grad_weight (P,), grad_bias (P,), the sum for alpha.
template <typename T>
void ach_expand_backward(const T* grad, const T* x, const int64_t* index, const Normaliser<T>& normaliser, T* grad_x,
                         double* grad_weight, double* grad_bias, double* grad_alpha, const Sizes& sizes);

// Set `count` elements: the least any operator with an output of that size must do.
template <typename T>
void fill(T* out, int64_t count, T value);

}  // namespace opbench
