// The words that the kernels and their callers share: types of elements, sizes, schedules, normalisers.
//
// The headers of this folder are the kernels for the CPU, whatever the runtime, and include none. Whoever compiles them
// names a namespace, OPBENCH_VARIANT, and gives them pointers to contiguous tensors, sizes and a pool of threads
// (sharing.h). PyTorch's extension does so in ../variant/, the library for ONNX Runtime in its own kernels.h.
//
//   schedules.h (forward.h)    multiply            selection.h (expand.h)   expand, select_expand
//   backward.h                 multiply_backward   expand_backward.h        expand_backward
//   pairs.h, tile.h, positions.h, vector/          what they are made of    fill.h   fill
#pragma once

#include <cstdint>
#include <type_traits>

namespace opbench {

// IEEE binary16 and bfloat16 as they lie in memory.
struct Half {
  uint16_t bits;
};
struct BFloat16 {
  uint16_t bits;
};

// The type that values of T are computed and added up in.
template <typename T>
using Accumulate = std::conditional_t<std::is_same_v<T, double>, double, float>;

// x (batch, channels, size); n channels of it are multiplied, all or the selected ones, in P = n(n-1)/2 pairs.
struct Sizes {
  int64_t batch, channels, n, size;
  // Asked of each, because the product of the others may be too large for an int64 where one is 0.
  bool empty() const { return batch == 0 || channels == 0 || size == 0; }
};

enum class Schedule { direct, balanced, blocked, flat };
enum class Norm { softsign, sigmoid, algebraic, tanh, identity };

// Whether a variant has kernels of Half of its own: where it stands on no other, or has instructions for them.
#if !defined(OPBENCH_VARIANT_BELOW) || defined(__AVX512FP16__)
#define OPBENCH_OWN_HALF
#endif

// Whether stores go through the caches or around them.
enum class Stores { cached, streaming };

// What the normalised products f(alpha * z_i * z_j) * weight[p] + bias[p] need besides x, in the type T is added up in.
template <typename T>
struct Normaliser {
  Norm norm;
  Accumulate<T> alpha;
  const Accumulate<T>*weight, *bias;  // (P,)
};

}  // namespace opbench
