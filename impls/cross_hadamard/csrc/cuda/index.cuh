// Index maths of the strict upper triangle. Pairs are ordered row by row: (0,1), (0,2), ..., (0,n-1), (1,2), ...
#pragma once

#include "platform.cuh"

namespace opbench {

struct Pair {
  int i, j;
};

// Position of pair (i, i+1). For i = n-1 that is the number of pairs.
template <typename Int>
__host__ __device__ inline Int row_start(Int i, Int n) {
  return i * (2 * n - i - 1) / 2;
}

__host__ __device__ inline i64 pair_count(i64 n) { return n * (n - 1) / 2; }

// Largest g with g(g+1)/2 <= q. The float root of 8q+1 is off by less than g * 2^-23, so by one step at most for
// every q below 2^43; integers decide.
template <typename Int>
__host__ __device__ inline Int triangle_root(Int q) {
  Int g = static_cast<Int>((sqrtf(8.0f * static_cast<float>(q) + 1.0f) - 1.0f) * 0.5f);
  while (g * (g + 1) / 2 > q) --g;
  while ((g + 1) * (g + 2) / 2 <= q) ++g;
  return g;
}

// The pair at position p: direct indexing. Counted from the end, where row n-2-g starts at triangle number g: from
// the front, the root of (2n-1)^2 - 8p cancels, and in float32 is rows away from the truth past n = 2048.
// Int = unsigned saves 64-bit steps and is right while the number of pairs is below 2^31.
template <typename Int>
__host__ __device__ inline Pair pair_at(Int p, Int n) {
  const Int left = n * (n - 1) / 2 - 1 - p;
  const Int i = n - 2 - triangle_root<Int>(left);
  return {static_cast<int>(i), static_cast<int>(i + 1 + (p - row_start<Int>(i, n)))};
}

__host__ __device__ inline Pair pair_of(i64 p, i64 n) {
  // A 65536th channel is the first whose pairs pass 2^31.
  return n < 65536 ? pair_at<unsigned>(static_cast<unsigned>(p), static_cast<unsigned>(n)) : pair_at<i64>(p, n);
}

// a / b for 0 <= a, 0 < b. A 64-bit division is a hundred instructions, and sizes rarely need one.
__host__ __device__ inline i64 divide(i64 a, i64 b) {
  if (((a | b) >> 32) == 0) return static_cast<unsigned>(a) / static_cast<unsigned>(b);
  return a / b;
}

// a / divisor for 0 <= a < 2^31 as a multiplication; magic from divisor_magic(), 0 for a divisor of 1.
__device__ inline unsigned divide_by(unsigned a, unsigned magic, int shift) {
  return magic == 0 ? a : __umulhi(a, magic) >> shift;
}

// The tile pairs of `blocked`: columns J of `tile` channels, rows R of `tile * group` channels, R * group <= J.
// In units of `group` columns they form a triangle: every column of group g has g + 1 rows.
struct TilePair {
  int row, column;
};

__host__ __device__ inline i64 tile_pair_count(i64 columns, i64 group) {
  const i64 full = columns / group;
  return group * full * (full + 1) / 2 + (columns - full * group) * (full + 1);
}

__device__ inline TilePair tile_pair_of(i64 t, i64 group) {
  const i64 g = triangle_root<i64>(divide(t, group));
  const i64 rest = t - group * g * (g + 1) / 2;
  const i64 column = divide(rest, g + 1);
  return {static_cast<int>(rest - column * (g + 1)), static_cast<int>(g * group + column)};
}

}  // namespace opbench
