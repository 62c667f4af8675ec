// Half precision widened to float and rounded back, a register at a time, by the widest conversions the variant has.
#pragma once

#include "vectors.h"

namespace opbench::OPBENCH_VARIANT {

typedef uint16_t Halves __attribute__((vector_size(kVector / 2)));  // as many lanes as a register of floats
typedef uint32_t Words __attribute__((vector_size(kVector)));

inline Vec<float> widen(const Halves& bits, const BFloat16*) {
  return reinterpret_cast<Vec<float>::Lanes>(__builtin_convertvector(bits, Words) << 16);
}

// To nearest, ties to even; NaN to the one quiet NaN.
inline Halves narrow(const Vec<float>& value, const BFloat16*) {
  const auto bits = reinterpret_cast<Words>(value.lanes);
  const Words rounded = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
  const Words kept = (bits & 0x7fffffff) > 0x7f800000 ? Words{} + 0x7fc0 : rounded;
  return __builtin_convertvector(kept, Halves);
}

#if defined(__AVX512F__)
inline Vec<float> widen(const Halves& bits, const Half*) {
  return reinterpret_cast<Vec<float>::Lanes>(_mm512_cvtph_ps(reinterpret_cast<__m256i>(bits)));
}
inline Halves narrow(const Vec<float>& value, const Half*) {
  constexpr int nearest = _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC;
  return reinterpret_cast<Halves>(_mm512_cvtps_ph(reinterpret_cast<__m512>(value.lanes), nearest));
}
#elif defined(__F16C__)
inline Vec<float> widen(const Halves& bits, const Half*) {
  return reinterpret_cast<Vec<float>::Lanes>(_mm256_cvtph_ps(reinterpret_cast<__m128i>(bits)));
}
inline Halves narrow(const Vec<float>& value, const Half*) {
  constexpr int nearest = _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC;
  return reinterpret_cast<Halves>(_mm256_cvtps_ph(reinterpret_cast<__m256>(value.lanes), nearest));
}
#else
// By integers, where no instruction does it. 2^112 takes binary16's exponents, those of subnormals too, to float's.
inline Vec<float> widen(const Halves& bits, const Half*) {
  const Words wide = __builtin_convertvector(bits, Words), sign = (wide & 0x8000) << 16, rest = (wide & 0x7fff) << 13;
  const auto scaled = reinterpret_cast<Words>(reinterpret_cast<Vec<float>::Lanes>(rest) * 0x1p112f);
  const Words special = rest | 0x7f800000;  // infinity and NaN
  return reinterpret_cast<Vec<float>::Lanes>((rest >= (0x7c00u << 13) ? special : scaled) | sign);
}
inline Halves narrow(const Vec<float>& value, const Half*) {
  const auto bits = reinterpret_cast<Words>(value.lanes);
  const Words sign = (bits >> 16) & 0x8000, size = bits & 0x7fffffff;
  // Subnormals: adding 0.5 leaves their bits, rounded, at the end of the sum's.
  const auto tiny = reinterpret_cast<Words>(reinterpret_cast<Vec<float>::Lanes>(size) + 0.5f) - 0x3f000000;
  const Words normal = (size - (112u << 23) + 0xfff + ((size >> 13) & 1)) >> 13;
  const Words finite = size < (113u << 23) ? tiny : normal;
  const Words large = size > 0x7f800000 ? Words{} + 0x7e00 : Words{} + 0x7c00;
  return __builtin_convertvector((size >= 0x477ff000 ? large : finite) | sign, Halves);
}
#endif

// One register of T seen as registers of the type to compute in: float for Half and BFloat16, else T itself.
template <typename T>
struct Wide {
  using Sum = Accumulate<T>;
  using Part = Vec<Sum>;
  static constexpr int64_t width = Vec<T>::width;
  static constexpr int64_t part = Part::width;
  static constexpr int64_t parts = width / part;
  using Parts = std::array<Part, parts>;

  static Parts widen(const Vec<T>& value) {
    if constexpr (std::is_same_v<T, Sum>) {
      return {value};
    } else {
      std::array<Halves, 2> bits;
      std::memcpy(bits.data(), &value.lanes, kVector);
      const T* type = nullptr;
      return {OPBENCH_VARIANT::widen(bits[0], type), OPBENCH_VARIANT::widen(bits[1], type)};
    }
  }
  // Rounds once, to nearest.
  static Vec<T> narrow(const Parts& value) {
    if constexpr (std::is_same_v<T, Sum>) {
      return value[0];
    } else {
      const T* type = nullptr;
      const std::array<Halves, 2> bits{OPBENCH_VARIANT::narrow(value[0], type), OPBENCH_VARIANT::narrow(value[1], type)};
      Vec<T> found;
      std::memcpy(&found.lanes, bits.data(), kVector);
      return found;
    }
  }
  // The first `count` >= 1 elements; 0 in the lanes beyond.
  static Parts load(const T* from, int64_t count) {
    return widen(count >= width ? Vec<T>::load(from) : Vec<T>::load(from, count));
  }
  static int64_t round_up(int64_t count) { return (count + width - 1) / width * width; }
};

#if defined(__AVX512BF16__)
// Two registers rounded to one by one instruction. It takes subnormal numbers for zero, which bfloat16 has as float has
// them, so a register with one of them is rounded by integers.
template <>
inline Vec<BFloat16> Wide<BFloat16>::narrow(const Parts& value) {
  constexpr int subnormal = 0x20;
  const auto low = reinterpret_cast<__m512>(value[0].lanes), high = reinterpret_cast<__m512>(value[1].lanes);
  const auto found = _mm512_fpclass_ps_mask(low, subnormal) | _mm512_fpclass_ps_mask(high, subnormal);
  Vec<BFloat16> rounded;
  if (__builtin_expect(found == 0, 1)) {
    const __m512bh both = _mm512_cvtne2ps_pbh(high, low);
    std::memcpy(&rounded.lanes, &both, kVector);
  } else {
    const BFloat16* type = nullptr;
    const std::array<Halves, 2> bits{OPBENCH_VARIANT::narrow(value[0], type), OPBENCH_VARIANT::narrow(value[1], type)};
    std::memcpy(&rounded.lanes, bits.data(), kVector);
  }
  return rounded;
}
#endif

// The product in half precision: as wide arithmetic rounded once. A product of two binary16 numbers is exact in float, so
// the native multiplication is the same to the bit (all of 19.7 million pairs that were compared).
template <typename T>
inline std::enable_if_t<!std::is_floating_point_v<T>, Vec<T>> operator*(const Vec<T>& a, const Vec<T>& b) {
#if defined(__AVX512FP16__)
  if constexpr (std::is_same_v<T, Half>) {
    return reinterpret_cast<typename Vec<T>::Lanes>(
        _mm512_mul_ph(reinterpret_cast<__m512h>(a.lanes), reinterpret_cast<__m512h>(b.lanes)));
  }
#endif
  const auto first = Wide<T>::widen(a), second = Wide<T>::widen(b);
  return Wide<T>::narrow({first[0] * second[0], first[1] * second[1]});
}

// One element, through a register.
template <typename T>
inline Accumulate<T> widened(T value) {
  if constexpr (std::is_same_v<T, Accumulate<T>>) {
    return value;
  } else {
    return Wide<T>::widen(Vec<T>(value))[0].lanes[0];
  }
}
template <typename T>
inline T narrowed(Accumulate<T> value) {
  if constexpr (std::is_same_v<T, Accumulate<T>>) {
    return value;
  } else {
    const Vec<float> all(value);
    return {Wide<T>::narrow({all, all}).lanes[0]};
  }
}

}  // namespace opbench::OPBENCH_VARIANT
