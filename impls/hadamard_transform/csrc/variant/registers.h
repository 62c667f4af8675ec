// A register of the type to compute in: read from and written to memory of any type, and the stages within a register.
#pragma once

#include <utility>

#include "../../../cross_hadamard/csrc/cpu/vector/wide.h"

namespace opbench::OPBENCH_VARIANT {

#define OPBENCH_INLINE __attribute__((always_inline))

template <typename Body, int... at>
OPBENCH_INLINE inline void each(const Body& body, std::integer_sequence<int, at...>) {
  (body(std::integral_constant<int, at>()), ...);
}
// body(0), ..., body(count - 1), each with a constant. An array that a loop goes through is kept in memory, since loops
// are unrolled after arrays were cut into registers (GCC 12): passes took two to four times as long.
template <int count, typename Body>
OPBENCH_INLINE inline void unrolled(const Body& body) {
  each(body, std::make_integer_sequence<int, count>());
}

template <typename T>
using Sums = Vec<Accumulate<T>>;

// As many elements as a register has sums. The first `count` where fewer are there; zeros in the lanes beyond.
template <typename T>
inline Sums<T> load_sums(const T* from) {
  if constexpr (std::is_same_v<T, Accumulate<T>>) {
    return Sums<T>::load(from);
  } else {
    Halves bits;
    std::memcpy(&bits, from, sizeof(bits));
    return widen(bits, from);
  }
}
template <typename T>
inline Sums<T> load_sums(const T* from, int64_t count) {
  if (count >= Sums<T>::width) return load_sums(from);
  if constexpr (std::is_same_v<T, Accumulate<T>>) {
    return Sums<T>::load(from, count);
  } else {
    Halves bits{};
    std::memcpy(&bits, from, count * sizeof(T));
    return widen(bits, from);
  }
}

// bfloat16 is taken by parity where pairs of registers are whole: the even ones of 2 * width elements and the odd ones, each
// a float in a word's upper half. A shift and a mask widen two registers, where conversions are four instructions. ns for 16
// elements within the first cache, as they lie | by parity, n = 256 and 4,096, one core of a shared EPYC 9004, in turns:
// AVX-512 4.4 | 3.6, 5.5 | 4.8; AVX2 6.2 | 5.0, 7.0 | 6.0; with AVX512-BF16's conversion 3.3 | 3.3, 4.5 | 4.6.
template <typename T>
constexpr bool kByParity = std::is_same_v<T, BFloat16>;

template <typename T>
Words words_at(const T* from) {
  Words both;
  std::memcpy(&both, from, sizeof(both));
  return both;
}

// Of the 2 * width elements from `from` on one register: the lower half and the upper, or by parity.
template <int which, typename T>
OPBENCH_INLINE inline Sums<T> load_one_of_two(const T* from) {
  if constexpr (kByParity<T>) {
    const Words both = words_at(from);
    return reinterpret_cast<Vec<float>::Lanes>(which == 0 ? both << 16 : both & 0xffff0000);
  } else {
    return load_sums(from + which * Sums<T>::width);
  }
}

// Of 2 * width factors those of `load_one_of_two<which, T>`.
template <int which, typename T>
OPBENCH_INLINE inline Sums<T> factors_of_two(const Accumulate<T>* from) {
  constexpr int64_t width = Sums<T>::width;
  if constexpr (kByParity<T>) {
    const auto low = Sums<T>::load(from), high = Sums<T>::load(from + width);
    Words places{};
    for (int64_t lane = 0; lane < width; ++lane) places[lane] = static_cast<uint32_t>(2 * lane + which);
#if defined(__GNUC__) && !defined(__clang__)
    return __builtin_shuffle(low.lanes, high.lanes, places);
#else
    Sums<T> found;
    for (int64_t lane = 0; lane < width; ++lane) found.lanes[lane] = from[places[lane]];
    return found;
#endif
  } else {
    return Sums<T>::load(from + which * width);
  }
}

// Even and odd elements, each rounded once, as they lie in memory. NaNs stay NaNs: those that come here are of a bfloat16,
// or the processor's own, whose lower halves are zero, so that no carry goes through their upper ones.
OPBENCH_INLINE inline Vec<BFloat16> joined_by_parity(const Vec<float>& even, const Vec<float>& odd) {
  const auto nearest = [](const Words& bits) OPBENCH_INLINE -> Words { return bits + 0x7fff + ((bits >> 16) & 1); };
  const Words low = nearest(reinterpret_cast<Words>(even.lanes)), high = nearest(reinterpret_cast<Words>(odd.lanes));
  return reinterpret_cast<Vec<BFloat16>::Lanes>(low >> 16 | (high & 0xffff0000));
}

#if defined(__AVX512BF16__)
// The same by one instruction and a permutation, which take subnormal numbers for zero: `any_subnormal` asks before.
OPBENCH_INLINE inline Vec<BFloat16> converted_by_parity(const Vec<float>& even, const Vec<float>& odd) {
  Vec<BFloat16>::Lanes places{};
  for (int lane = 0; lane < Vec<BFloat16>::width; ++lane) places[lane] = static_cast<uint16_t>(lane / 2 + lane % 2 * 16);
  const auto found = _mm512_cvtne2ps_pbh(reinterpret_cast<__m512>(odd.lanes), reinterpret_cast<__m512>(even.lanes));
  const auto bits = reinterpret_cast<__m512i>(found);
  return reinterpret_cast<Vec<BFloat16>::Lanes>(_mm512_permutexvar_epi16(reinterpret_cast<__m512i>(places), bits));
}
template <int radix>
OPBENCH_INLINE inline bool any_subnormal(const Vec<float> (&value)[radix]) {
  __mmask16 found = 0;
  unrolled<radix>([&](auto at) OPBENCH_INLINE {
    found |= _mm512_fpclass_ps_mask(reinterpret_cast<__m512>(value[at].lanes), 0x20);
  });
  return found != 0;
}
#endif

template <typename T>
inline void store_sums(T* to, const Sums<T>& value) {
  if constexpr (std::is_same_v<T, Accumulate<T>>) {
    value.store(to);
  } else {
    const Halves bits = narrow(value, to);
    std::memcpy(to, &bits, sizeof(bits));
  }
}
template <typename T>
inline void store_sums(T* to, const Sums<T>& value, int64_t count) {
  if (count >= Sums<T>::width) return store_sums(to, value);
  if constexpr (std::is_same_v<T, Accumulate<T>>) {
    value.store(to, count);
  } else {
    const Halves bits = narrow(value, to);
    std::memcpy(to, &bits, count * sizeof(T));
  }
}

// Around the caches; `to` must be aligned to what is written.
template <typename T>
inline void stream_sums(T* to, const Sums<T>& value) {
  if constexpr (std::is_same_v<T, Accumulate<T>>) {
    put<Stores::streaming>(to, value);
  } else {
#if defined(__AVX512F__)
    _mm256_stream_si256(reinterpret_cast<__m256i*>(to), reinterpret_cast<__m256i>(narrow(value, to)));
#elif defined(__AVX__)
    _mm_stream_si128(reinterpret_cast<__m128i*>(to), reinterpret_cast<__m128i>(narrow(value, to)));
#else
    store_sums(to, value);
#endif
  }
}

// The stage between lanes whose numbers differ in bit `distance`: (a, b) becomes (a + b, a - b). One shuffle and one
// multiply-add; the factors are +-1, so that nothing is rounded twice.
template <typename A>
OPBENCH_INLINE inline Vec<A> lane_stage(const Vec<A>& value, int distance) {
  using Lanes = typename Vec<A>::Lanes;
  Lanes partner, sign;
  using Integer = std::conditional_t<sizeof(A) == sizeof(int64_t), int64_t, int32_t>;
  typedef Integer Places __attribute__((vector_size(kVector)));
  Places places{};
  for (int64_t lane = 0; lane < Vec<A>::width; ++lane) places[lane] = static_cast<Integer>(lane);
  const Places second = (places & distance) != 0;
  sign = second ? Lanes{} - 1 : Lanes{} + 1;
#if defined(__GNUC__) && !defined(__clang__)
  partner = __builtin_shuffle(value.lanes, places ^ distance);
#else
  for (int64_t lane = 0; lane < Vec<A>::width; ++lane) partner[lane] = value.lanes[lane ^ distance];
#endif
  return multiply_add(value, Vec<A>(sign), Vec<A>(partner));
}

// The stages of all lanes, so that every shuffle and every sign is a constant.
template <typename A, int distance = 1>
OPBENCH_INLINE inline Vec<A> all_lane_stages(const Vec<A>& value) {
  if constexpr (distance < Vec<A>::width) {
    return all_lane_stages<A, 2 * distance>(lane_stage(value, distance));
  } else {
    return value;
  }
}

// The stages of the lanes below `lanes`, a power of two.
template <typename A>
inline Vec<A> some_lane_stages(Vec<A> value, int64_t lanes) {
  for (int distance = 1; distance < lanes; distance *= 2) value = lane_stage(value, distance);
  return value;
}

// The stage between registers whose numbers differ in bit `distance`: an addition or a subtraction of each.
template <int distance, int radix, typename A>
OPBENCH_INLINE inline void register_stage(Vec<A> (&value)[radix]) {
  unrolled<radix>([&](auto at) OPBENCH_INLINE {
    if constexpr ((at & distance) == 0) {
      const Vec<A> first = value[at], second = value[at + distance];
      value[at] = first + second;
      value[at + distance] = first - second;
    }
  });
}

// The stages between `radix` registers, a power of two, from bit `distance` on.
template <int distance = 1, int radix, typename A>
OPBENCH_INLINE inline void register_stages(Vec<A> (&value)[radix]) {
  if constexpr (distance < radix) {
    register_stage<distance>(value);
    register_stages<2 * distance>(value);
  }
}

}  // namespace opbench::OPBENCH_VARIANT
