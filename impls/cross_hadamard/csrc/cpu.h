// CPU kernels of the cross-Hadamard product and of the ACH expansion around it: what the operators call.
//
// The kernels are compiled several times, once for each set of vector instructions (a variant), without PyTorch's
// headers; one library holds all variants and takes the widest that the processor has. Pointers are to contiguous
// tensors.
#pragma once

#include <cstdint>
#include <vector>

#include "cpu/types.h"

namespace opbench {

// The kernels for one type of elements.
template <typename T>
struct Kernels {
  // z (B, n, S) -> out (B, P, S): out[b, p] = z[b, i] * z[b, j] for every pair p = (i, j).
  void (*multiply)(const T* z, T* out, const Sizes& sizes, Schedule schedule, Stores stores);

  // grad (B, P, S), x (B, C, S), index (B, n) or null for all channels -> grad_x (B, C, S), every element written:
  // grad_x[b, c] = sum over positions i of channel c, and j != i, of grad[b, pair(i, j)] * z[b, j], rounded once.
  void (*multiply_backward)(const T* grad, const T* x, const int64_t* index, T* grad_x, const Sizes& sizes);

  // x (B, C, S), index (B, n) -> out (B, C + P, S): x itself, then the normalised products, computed wide and rounded
  // once. The schedule is blocked or flat.
  void (*expand)(const T* x, const int64_t* index, const Normaliser<T>& normaliser, T* out, const Sizes& sizes,
                 Schedule schedule, Stores stores);

  // `expand` of the n channels of each sample that score highest: a channel's score is the sum of its mean and of its
  // neighbours', weighted by `taps`, of which there is an odd number.
  void (*select_expand)(const T* x, const std::vector<double>& taps, const Normaliser<T>& normaliser, T* out,
                        const Sizes& sizes, Schedule schedule, Stores stores);

  // grad (B, C + P, S) -> grad_x (B, C, S), and of the parameters: grad_weight (P,), grad_bias (P,), the sum for alpha.
  void (*expand_backward)(const T* grad, const T* x, const int64_t* index, const Normaliser<T>& normaliser, T* grad_x,
                          double* grad_weight, double* grad_bias, double* grad_alpha, const Sizes& sizes);

  // Which schedule `expand` takes when none was asked for.
  Schedule (*own_schedule)(const Sizes& sizes);

  // Sets `count` elements to the value, rounded: the least any operator with an output of that size must do.
  void (*fill)(T* out, int64_t count, double value, Stores stores);
};

// The kernels compiled for one set of vector instructions.
struct Variant {
  const Kernels<float>* of_float;
  const Kernels<double>* of_double;
  const Kernels<Half>* of_half;
  const Kernels<BFloat16>* of_bfloat16;

  // Whether `multiply` makes small maps in stripes too where it streams them; at first, what pays on processors of this
  // maker. Returns what it was.
  bool (*stripe_small_maps)(bool stripes);

  template <typename T>
  const Kernels<T>& of() const {
    if constexpr (std::is_same_v<T, float>) return *of_float;
    if constexpr (std::is_same_v<T, double>) return *of_double;
    if constexpr (std::is_same_v<T, Half>) return *of_half;
    if constexpr (std::is_same_v<T, BFloat16>) return *of_bfloat16;
  }
};

// The variant in use.
const Variant& variant();

// From which size of an output on, in bytes, its stores go around the caches. Fresh: the output was just allocated.
// Reused: it was given, and may be in the caches from the last time it was written.
struct StreamFrom {
  int64_t fresh_bytes, reused_bytes;
};
StreamFrom& stream_from();

}  // namespace opbench
