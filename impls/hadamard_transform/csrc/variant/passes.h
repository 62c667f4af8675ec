// Passes over one block: each reads every element once, does up to log2(kRadix) stages in registers, and writes it once.
#pragma once

#include "../../../cross_hadamard/csrc/cpu/vector/memory.h"
#include "../kernels.h"
#include "registers.h"

namespace opbench::OPBENCH_VARIANT {

// Registers that one pass holds. Half of what the processor has, so that nothing of it goes to memory.
constexpr int kRadix = kVector == 64 ? 16 : 8;

// What a pass multiplies by before its stages and after them: null and 1 for nothing. Pointers are to the block's first
// element.
template <typename A>
struct Factors {
  const A* before = nullptr;
  const A* after = nullptr;
  A scale = 1;
};

template <int radix, typename A>
OPBENCH_INLINE inline void multiply_by(Vec<A> (&value)[radix], const A* factors, int64_t stride) {
  unrolled<radix>([&](auto at) OPBENCH_INLINE { value[at] = value[at] * Vec<A>::load(factors + at * stride); });
}

// Writes `value[at]` to `to + at * width`, after the factors that come last.
template <int radix, typename Out, typename A>
OPBENCH_INLINE inline void finish(Vec<A> (&value)[radix], Out* to, const A* after, A scale, Stores stores) {
  constexpr int64_t width = Vec<A>::width;
  if (after) multiply_by(value, after, width);
  if (scale != 1) {
    const Vec<A> factor(scale);
    unrolled<radix>([&](auto at) OPBENCH_INLINE { value[at] = value[at] * factor; });
  }
  if constexpr (radix > 1 && !std::is_same_v<Out, A>) {
    // Two registers of sums are one of results: narrowed together, by one instruction where there is one, and written as
    // whole lines. Times as fast as PyTorch's two small products each by itself | together, n = 256, 1,024, 4,096, one core
    // of a shared Xeon (family 6, model 207): bfloat16 3.7 | 4.3, 3.2 | 3.7, 2.8 | 3.2; float16 5.7 | 6.9, 4.4 | 5.1,
    // 5.3 | 5.2.
    unrolled<radix / 2>([&](auto pair) OPBENCH_INLINE {
      const Vec<Out> narrow = Wide<Out>::narrow({value[2 * pair], value[2 * pair + 1]});
      if (stores == Stores::streaming) {
        put<Stores::streaming>(to + 2 * pair * width, narrow);
      } else {
        narrow.store(to + 2 * pair * width);
      }
    });
  } else if (stores == Stores::streaming) {
    unrolled<radix>([&](auto at) OPBENCH_INLINE { stream_sums(to + at * width, value[at]); });
  } else {
    unrolled<radix>([&](auto at) OPBENCH_INLINE { store_sums(to + at * width, value[at]); });
  }
}

// The last pass: the stages within each piece of `radix` registers that lie one behind the other, those of all lanes and
// those of registers. It writes what lies together, as stores around the caches want it.
//
// `next` is the block that is read afterwards, or any address: its lines are asked for meanwhile, one for each that is
// written. GB/s of x read without | with it, n = 256, 1,024, 4,096 from memory, one core of a shared Xeon (family 6, model
// 207): 6.4 | 7.1, 6.6 | 8.0, 6.6 | 7.4. This pass first, whose reads then lie together, and the strided ones last: 6.9,
// 7.7, 6.6.
template <int radix, typename In, typename Out>
void contiguous_pass(const In* from, Out* to, int64_t count, const Factors<Accumulate<Out>>& factors, Stores stores,
                     const Out* next) {
  using A = Accumulate<Out>;
  constexpr int64_t width = Vec<A>::width, piece = radix * width;
  for (int64_t start = 0; start < count; start += piece) {
    Vec<A> value[radix];
    unrolled<radix>([&](auto at) OPBENCH_INLINE {
      value[at] = load_sums(from + start + at * width);
      if constexpr (at * width * sizeof(Out) % kLine == 0) prefetch(next + start + at * width);
    });
    if (factors.before) multiply_by(value, factors.before + start, width);
    unrolled<radix>([&](auto at) OPBENCH_INLINE { value[at] = all_lane_stages(value[at]); });
    register_stages(value);
    finish(value, to + start, factors.after ? factors.after + start : nullptr, factors.scale, stores);
  }
}

// The stages between elements that are stride, 2 * stride, ... apart; stride is a multiple of a register. `from` may be
// `to`. before: factors of x, or null.
template <int radix, typename In>
void strided_pass(const In* from, Accumulate<In>* to, int64_t count, int64_t stride, const Accumulate<In>* before) {
  using A = Accumulate<In>;
  for (int64_t start = 0; start < count; start += radix * stride) {
    for (int64_t at = start; at < start + stride; at += Vec<A>::width) {
      Vec<A> value[radix];
      unrolled<radix>([&](auto each) OPBENCH_INLINE { value[each] = load_sums(from + at + each * stride); });
      if (before) multiply_by(value, before + at, stride);
      register_stages(value);
      unrolled<radix>([&](auto each) OPBENCH_INLINE { value[each].store(to + at + each * stride); });
    }
  }
}

// Between `order` elements that are `stride` apart: multiplied by the matrix.
template <int order, typename In>
void matrix_pass(const In* from, Accumulate<In>* to, int64_t stride, const Accumulate<In>* matrix,
                 const Accumulate<In>* before) {
  using A = Accumulate<In>;
  for (int64_t at = 0; at < stride; at += Vec<A>::width) {
    Vec<A> value[order];
    unrolled<order>([&](auto j) OPBENCH_INLINE { value[j] = load_sums(from + at + j * stride); });
    if (before) multiply_by(value, before + at, stride);
    for (int i = 0; i < order; ++i) {
      const A* row = matrix + i * order;
      Vec<A> sum = value[0] * Vec<A>(row[0]);
      unrolled<order - 1>([&](auto j) OPBENCH_INLINE { sum = multiply_add(value[j + 1], Vec<A>(row[j + 1]), sum); });
      sum.store(to + at + i * stride);
    }
  }
}

}  // namespace opbench::OPBENCH_VARIANT
