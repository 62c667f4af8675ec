// One block, or a row of blocks that are smaller than a register.
#pragma once

#include <algorithm>

#include "passes.h"

namespace opbench::OPBENCH_VARIANT {

// Bytes of a processor's first cache, of today's the smallest.
constexpr int64_t kFirstCache = int64_t{32} << 10;

template <Ahead ahead, typename In, typename Out>
void contiguous(int64_t radix, const In* from, Out* to, int64_t count, const Factors<Accumulate<Out>>& factors,
                Stores stores, const Out* next) {
  switch (radix) {
    case 1: return contiguous_pass<1, ahead>(from, to, count, factors, stores, next);
    case 2: return contiguous_pass<2, ahead>(from, to, count, factors, stores, next);
    case 4: return contiguous_pass<4, ahead>(from, to, count, factors, stores, next);
    case 8: return contiguous_pass<8, ahead>(from, to, count, factors, stores, next);
    default: return contiguous_pass<kRadix, ahead>(from, to, count, factors, stores, next);
  }
}

template <typename In>
void strided(int64_t radix, const In* from, Accumulate<In>* to, int64_t count, int64_t stride,
             const Accumulate<In>* before) {
  switch (radix) {
    case 2: return strided_pass<2>(from, to, count, stride, before);
    case 4: return strided_pass<4>(from, to, count, stride, before);
    case 8: return strided_pass<8>(from, to, count, stride, before);
    default: return strided_pass<kRadix>(from, to, count, stride, before);
  }
}

template <typename In>
void by_matrix(int64_t order, const In* from, Accumulate<In>* to, int64_t stride, const Accumulate<In>* matrix,
               const Accumulate<In>* before) {
  switch (order) {
    case 12: return matrix_pass<12>(from, to, stride, matrix, before);
    case 20: return matrix_pass<20>(from, to, stride, matrix, before);
    default: return matrix_pass<28>(from, to, stride, matrix, before);
  }
}

// A block of order * length elements, `length` a power of two and no less than a register: from the farthest elements to
// the nearest. What lies between two passes stays in `between`, of the block's size, which the nearest caches hold.
//
// A block that takes one pass is read in order, which the processor sees ahead by itself. Of others the last pass asks for
// the next block: into the first cache where that has room for this one, its sums and the next, or into the second.
//
// ns for 16 elements from memory with nothing asked for | into the first cache | into the second, one core of a shared EPYC
// 9004, in turns: float32 5.3 | 6.2 | - at n = 256, which is one pass, 10.8 | 3.8 | 7.6 at 1,024, 9.9 | 8.9 | 5.7 at 4,096
// (48 KiB) and 11.5 | 9.6 | 8.7 when more ran beside it; bfloat16 8.1 | 5.0 | 6.1 at 1,024, 10.5 | 5.9 | 6.7 at 4,096
// (32 KiB).
template <typename T>
void transform_block(const T* from, T* to, int64_t order, int64_t length, const Accumulate<T>* matrix,
                     Accumulate<T>* between, const Factors<Accumulate<T>>& factors, Stores stores) {
  using A = Accumulate<T>;
  const int64_t count = order * length, last = std::min<int64_t>(kRadix, length / Vec<A>::width);
  const int64_t near = last * Vec<A>::width;  // elements that the last pass sees together
  if (near == count) return contiguous<Ahead::none>(last, from, to, count, factors, stores, from + count);
  bool first = true;
  if (order > 1) {
    by_matrix(order, from, between, length, matrix, factors.before);
    first = false;
  }
  for (int64_t far = length; far > near; first = false) {
    const int64_t radix = std::min<int64_t>(kRadix, far / near), stride = far / radix;
    if (first) {
      strided(radix, from, between, count, stride, factors.before);
    } else {
      strided(radix, between, between, count, stride, static_cast<const A*>(nullptr));
    }
    far = stride;
  }
  const Factors<A> left{nullptr, factors.after, factors.scale};
  if (count * static_cast<int64_t>(2 * sizeof(T) + sizeof(A)) <= kFirstCache) {
    contiguous<Ahead::first>(last, between, to, count, left, stores, from + count);
  } else {
    contiguous<Ahead::second>(last, between, to, count, left, stores, from + count);
  }
}

// Blocks of fewer elements than a register has lanes, a power of two: one register holds several.
template <typename T>
void transform_lanes(const T* from, T* to, int64_t count, int64_t block, const Factors<Accumulate<T>>& factors) {
  using A = Accumulate<T>;
  for (int64_t at = 0; at < count; at += Vec<A>::width) {
    const int64_t here = std::min(count - at, Vec<A>::width);
    Vec<A> value = load_sums(from + at, here);
    if (factors.before) value = value * load_sums(factors.before + at, here);
    value = some_lane_stages(value, block);
    if (factors.after) value = value * load_sums(factors.after + at, here);
    store_sums(to + at, value * Vec<A>(factors.scale), here);
  }
}

// A block of order * length elements, `length` less than a register: every register is filled to `length` lanes.
template <typename T>
void transform_short(const T* from, T* to, int64_t order, int64_t length, const Accumulate<T>* matrix,
                     const Factors<Accumulate<T>>& factors) {
  using A = Accumulate<T>;
  Vec<A> value[28];
  for (int64_t j = 0; j < order; ++j) {
    value[j] = load_sums(from + j * length, length);
    if (factors.before) value[j] = value[j] * load_sums(factors.before + j * length, length);
    value[j] = some_lane_stages(value[j], length);
  }
  for (int64_t i = 0; i < order; ++i) {
    Vec<A> sum = value[0] * Vec<A>(matrix[i * order]);
    for (int64_t j = 1; j < order; ++j) sum = multiply_add(value[j], Vec<A>(matrix[i * order + j]), sum);
    if (factors.after) sum = sum * load_sums(factors.after + i * length, length);
    store_sums(to + i * length, sum * Vec<A>(factors.scale), length);
  }
}

}  // namespace opbench::OPBENCH_VARIANT
