// Passes over one block: each reads every element once, does up to log2(kRadix) stages in registers, and writes it once.
#pragma once

#include "../../../cross_hadamard/csrc/cpu/vector/memory.h"
#include "../kernels.h"
#include "registers.h"

namespace opbench::OPBENCH_VARIANT {

// Registers that one pass holds. Half of what the processor has, so that nothing of it goes to memory.
constexpr int kRadix = kVector == 64 ? 16 : 8;

// Whether the next block's lines are asked for, and into which cache. The choice is the compiler's to see: a branch among
// the loads, though it always went one way, cost float32 a third at n = 1,024.
enum class Ahead { none, first, second };

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

// The same of registers that lie one behind the other, as T has them.
template <typename T, int radix>
OPBENCH_INLINE inline void multiply_by(Sums<T> (&value)[radix], const Accumulate<T>* factors) {
  if constexpr (kByParity<T> && radix > 1) {
    unrolled<radix>([&](auto at) OPBENCH_INLINE {
      value[at] = value[at] * factors_of_two<at % 2, T>(factors + (at - at % 2) * Sums<T>::width);
    });
  } else {
    multiply_by(value, factors, Sums<T>::width);
  }
}

// Rounded two registers at a time, by one instruction where there is one, and written as whole lines.
template <Stores stores, int radix, typename Out>
OPBENCH_INLINE inline void narrow_to(Out* to, const Vec<float> (&value)[radix]) {
  const auto write = [&](const auto& narrow) OPBENCH_INLINE {
    unrolled<radix / 2>([&](auto pair) OPBENCH_INLINE {
      put<stores>(to + pair * Vec<Out>::width, narrow(value[2 * pair], value[2 * pair + 1]));
    });
  };
  if constexpr (kByParity<Out>) {
#if defined(__AVX512BF16__)
    if (__builtin_expect(!any_subnormal(value), 1)) return write(converted_by_parity);
#endif
    write(joined_by_parity);
  } else {
    write([](const auto& low, const auto& high) OPBENCH_INLINE { return Wide<Out>::narrow({low, high}); });
  }
}

// Writes `value[at]` to `to + at * width`, after the factors that come last.
template <int radix, typename Out, typename A>
OPBENCH_INLINE inline void finish(Vec<A> (&value)[radix], Out* to, const A* after, A scale, Stores stores) {
  constexpr int64_t width = Vec<A>::width;
  if (after) multiply_by<Out>(value, after);
  if (scale != 1) {
    const Vec<A> factor(scale);
    unrolled<radix>([&](auto at) OPBENCH_INLINE { value[at] = value[at] * factor; });
  }
  if constexpr (radix > 1 && !std::is_same_v<Out, A>) {
    if (stores == Stores::streaming) {
      narrow_to<Stores::streaming>(to, value);
    } else {
      narrow_to<Stores::cached>(to, value);
    }
  } else if (stores == Stores::streaming) {
    unrolled<radix>([&](auto at) OPBENCH_INLINE { stream_sums(to + at * width, value[at]); });
  } else {
    unrolled<radix>([&](auto at) OPBENCH_INLINE { store_sums(to + at * width, value[at]); });
  }
}

// The last pass: the stages within each piece of `radix` registers that lie one behind the other, those of all lanes and
// those of registers. It writes what lies together, as stores around the caches want it. Sums are in the order that Out is
// taken in.
//
// `next` is the block that is read afterwards, or any address: its lines are asked for meanwhile, one for each that is
// written. This pass first, whose reads then lie together, and the strided ones last was slower on a Xeon (family 6, model
// 207): 6.4 GB/s for 7.1 at n = 4,096.
template <int radix, Ahead ahead, typename In, typename Out>
void contiguous_pass(const In* from, Out* to, int64_t count, const Factors<Accumulate<Out>>& factors, Stores stores,
                     const Out* next) {
  using A = Accumulate<Out>;
  constexpr int64_t width = Vec<A>::width, piece = radix * width;
  constexpr bool by_parity = kByParity<Out> && radix > 1;
  for (int64_t start = 0; start < count; start += piece) {
    Vec<A> value[radix];
    unrolled<radix>([&](auto at) OPBENCH_INLINE {
      if constexpr (by_parity) {
        value[at] = load_one_of_two<at % 2>(from + start + (at - at % 2) * width);
      } else {
        value[at] = load_sums(from + start + at * width);
      }
      if constexpr (at * width * sizeof(Out) % kLine == 0) {
        if constexpr (ahead == Ahead::first) prefetch(next + start + at * width);
        if constexpr (ahead == Ahead::second) prefetch_second(next + start + at * width);
      }
    });
    if (factors.before) multiply_by<Out>(value, factors.before + start);
    if constexpr (by_parity) register_stage<1>(value);  // neighbours: every kind of register adds in the same order
    unrolled<radix>([&](auto at) OPBENCH_INLINE { value[at] = all_lane_stages(value[at]); });
    register_stages<by_parity ? 2 : 1>(value);
    finish(value, to + start, factors.after ? factors.after + start : nullptr, factors.scale, stores);
  }
}

// `radix` registers that are `stride` elements apart, and what they are multiplied by: one of two that lie together, where
// T is taken so and the stride has room for both.
template <int which, int radix, typename In>
OPBENCH_INLINE inline void load_apart(Sums<In> (&value)[radix], const In* from, int64_t stride,
                                      const Accumulate<In>* before) {
  unrolled<radix>([&](auto at) OPBENCH_INLINE { value[at] = load_one_of_two<which>(from + at * stride); });
  if (!before) return;
  unrolled<radix>([&](auto at) OPBENCH_INLINE { value[at] = value[at] * factors_of_two<which, In>(before + at * stride); });
}

// Calls body(place, value) for every `radix` registers that are `stride` elements apart, in the order of the sums.
template <int radix, typename In, typename Body>
OPBENCH_INLINE inline void each_apart(const In* from, int64_t stride, const Accumulate<In>* before, const Body& body) {
  constexpr int64_t width = Sums<In>::width;
  if (kByParity<In> && stride >= 2 * width) {
    for (int64_t at = 0; at < stride; at += 2 * width) {
      unrolled<2>([&](auto which) OPBENCH_INLINE {
        Sums<In> value[radix];
        load_apart<which>(value, from + at, stride, before ? before + at : nullptr);
        body(at + which * width, value);
      });
    }
    return;
  }
  for (int64_t at = 0; at < stride; at += width) {
    Sums<In> value[radix];
    unrolled<radix>([&](auto each) OPBENCH_INLINE { value[each] = load_sums(from + at + each * stride); });
    if (before) multiply_by(value, before + at, stride);
    body(at, value);
  }
}

// The stages between elements that are stride, 2 * stride, ... apart; stride is a multiple of a register. `from` may be
// `to`. before: factors of x, or null.
template <int radix, typename In>
void strided_pass(const In* from, Accumulate<In>* to, int64_t count, int64_t stride, const Accumulate<In>* before) {
  using A = Accumulate<In>;
  for (int64_t start = 0; start < count; start += radix * stride) {
    const auto* factors = before ? before + start : nullptr;
    each_apart<radix>(from + start, stride, factors, [&](int64_t at, Vec<A>(&value)[radix]) OPBENCH_INLINE {
      register_stages(value);
      unrolled<radix>([&](auto each) OPBENCH_INLINE { value[each].store(to + start + at + each * stride); });
    });
  }
}

// Between `order` elements that are `stride` apart: multiplied by the matrix.
template <int order, typename In>
void matrix_pass(const In* from, Accumulate<In>* to, int64_t stride, const Accumulate<In>* matrix,
                 const Accumulate<In>* before) {
  using A = Accumulate<In>;
  each_apart<order>(from, stride, before, [&](int64_t at, Vec<A>(&value)[order]) OPBENCH_INLINE {
    for (int i = 0; i < order; ++i) {
      const A* row = matrix + i * order;
      Vec<A> sum = value[0] * Vec<A>(row[0]);
      unrolled<order - 1>([&](auto j) OPBENCH_INLINE { sum = multiply_add(value[j + 1], Vec<A>(row[j + 1]), sum); });
      sum.store(to + at + i * stride);
    }
  });
}

}  // namespace opbench::OPBENCH_VARIANT
