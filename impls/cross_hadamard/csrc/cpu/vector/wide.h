// Half precision widened to float and rounded back, a register at a time, by the widest conversions the variant has.
#pragma once

#include "vectors.h"

namespace opbench::OPBENCH_VARIANT {

typedef uint16_t Halves __attribute__((vector_size(kVector / 2)));  // as many lanes as a register of floats
typedef uint32_t Words __attribute__((vector_size(kVector)));

// The two halves of a register, and back. By instructions where there are any: through memory a load would wait for the
// two stores that it covers, 20 cycles each time.
inline std::array<Halves, 2> split(const Vec<Half>::Lanes& value) {
#if defined(__AVX512F__)
  const auto bits = reinterpret_cast<__m512i>(value);
  return {reinterpret_cast<Halves>(_mm512_castsi512_si256(bits)),
          reinterpret_cast<Halves>(_mm512_extracti64x4_epi64(bits, 1))};
#elif defined(__AVX2__)
  const auto bits = reinterpret_cast<__m256i>(value);
  return {reinterpret_cast<Halves>(_mm256_castsi256_si128(bits)),
          reinterpret_cast<Halves>(_mm256_extracti128_si256(bits, 1))};
#else
  std::array<Halves, 2> found;
  std::memcpy(found.data(), &value, kVector);
  return found;
#endif
}
inline Vec<Half>::Lanes joined(const Halves& low, const Halves& high) {
#if defined(__AVX512F__)
  const auto wide = _mm512_castsi256_si512(reinterpret_cast<__m256i>(low));
  return reinterpret_cast<Vec<Half>::Lanes>(_mm512_inserti64x4(wide, reinterpret_cast<__m256i>(high), 1));
#elif defined(__AVX2__)
  return reinterpret_cast<Vec<Half>::Lanes>(
      _mm256_set_m128i(reinterpret_cast<__m128i>(high), reinterpret_cast<__m128i>(low)));
#else
  Vec<Half>::Lanes found;
  std::memcpy(&found, &low, sizeof(low));
  std::memcpy(reinterpret_cast<char*>(&found) + sizeof(low), &high, sizeof(high));
  return found;
#endif
}

// Every half as the low end of a word, and back. By instructions: of the conversions between vector types the compiler
// makes 10 instructions each (GCC 12).
inline Words words(const Halves& bits) {
#if defined(__AVX512F__)
  return reinterpret_cast<Words>(_mm512_cvtepu16_epi32(reinterpret_cast<__m256i>(bits)));
#elif defined(__AVX2__)
  return reinterpret_cast<Words>(_mm256_cvtepu16_epi32(reinterpret_cast<__m128i>(bits)));
#else
  return __builtin_convertvector(bits, Words);
#endif
}
inline Halves halves(const Words& words) {
#if defined(__AVX512F__)
  return reinterpret_cast<Halves>(_mm512_cvtepi32_epi16(reinterpret_cast<__m512i>(words)));
#elif defined(__AVX2__)
  const auto all = reinterpret_cast<__m256i>(words);
  return reinterpret_cast<Halves>(_mm_packus_epi32(_mm256_castsi256_si128(all), _mm256_extracti128_si256(all, 1)));
#else
  return __builtin_convertvector(words, Halves);
#endif
}

// The float nearest to a value that has a bfloat16's bits and zeros behind them, ties to even; NaN to a quiet NaN.
inline Words rounded_to_upper_half(const Vec<float>& value) {
  const auto bits = reinterpret_cast<Words>(value.lanes);
  const Words nearest = bits + 0x7fff + ((bits >> 16) & 1);
  return (value.lanes != value.lanes ? Words{} + 0x7fc00000 : nearest) & 0xffff0000;
}

inline Vec<float> widen(const Halves& bits, const BFloat16*) {
  return reinterpret_cast<Vec<float>::Lanes>(words(bits) << 16);
}
inline Halves narrow(const Vec<float>& value, const BFloat16*) { return halves(rounded_to_upper_half(value) >> 16); }

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
      const auto bits = split(value.lanes);
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
      return joined(OPBENCH_VARIANT::narrow(value[0], type), OPBENCH_VARIANT::narrow(value[1], type));
    }
  }
  static Parts load(const T* from) {
    if constexpr (std::is_same_v<T, Sum>) {
      return {Vec<T>::load(from)};
    } else {  // from memory either half is one instruction, of a register the upper is two
      std::array<Halves, 2> bits;
      std::memcpy(&bits[0], from, sizeof(Halves));
      std::memcpy(&bits[1], from + part, sizeof(Halves));
      const T* type = nullptr;
      return {OPBENCH_VARIANT::widen(bits[0], type), OPBENCH_VARIANT::widen(bits[1], type)};
    }
  }
  // The first `count` >= 1 elements; 0 in the lanes beyond.
  static Parts load(const T* from, int64_t count) {
    return count >= width ? load(from) : widen(Vec<T>::load(from, count));
  }
  static int64_t round_up(int64_t count) { return (count + width - 1) / width * width; }
};

// What is known of products: nothing, or that none is a subnormal number.
enum class Results { any, normal };

// Whether that makes a difference to how T is rounded.
#if defined(__AVX512BF16__)
template <typename T>
constexpr bool kAsksForSubnormals = std::is_same_v<T, BFloat16>;
#else
template <typename T>
constexpr bool kAsksForSubnormals = false;
#endif

#if defined(__AVX512BF16__)
// Two registers rounded to one by one instruction. It takes subnormal numbers for zero, which bfloat16 has as float has
// them, so a register with one of them is rounded by integers.
template <Results results>
inline Vec<BFloat16> rounded(const Wide<BFloat16>::Parts& value) {
  constexpr int subnormal = 0x20;
  const auto low = reinterpret_cast<__m512>(value[0].lanes), high = reinterpret_cast<__m512>(value[1].lanes);
  if constexpr (results == Results::any) {
    const auto found = _mm512_fpclass_ps_mask(low, subnormal) | _mm512_fpclass_ps_mask(high, subnormal);
    if (__builtin_expect(found != 0, 0)) {
      const BFloat16* type = nullptr;
      return joined(OPBENCH_VARIANT::narrow(value[0], type), OPBENCH_VARIANT::narrow(value[1], type));
    }
  }
  return reinterpret_cast<Vec<BFloat16>::Lanes>(_mm512_cvtne2ps_pbh(high, low));
}
template <>
inline Vec<BFloat16> Wide<BFloat16>::narrow(const Parts& value) {
  return rounded<Results::any>(value);
}

// The exponent of the least magnitude among `count` values that is not zero, as its bits tell it: e of 2^(e - 127). Above
// all exponents where every value is zero, and below any sum that could matter where one is subnormal.
inline int64_t least_exponent(const BFloat16* values, int64_t count) {
  __m512i least = _mm512_set1_epi8(-1);  // a zero less 1
  const auto look = [&](const Vec<BFloat16>& some) {
    const auto size = _mm512_and_si512(reinterpret_cast<__m512i>(some.lanes), _mm512_set1_epi16(0x7fff));
    least = _mm512_min_epu16(least, _mm512_sub_epi16(size, _mm512_set1_epi16(1)));
  };
  constexpr int64_t width = Vec<BFloat16>::width;
  int64_t at = 0;
  for (; at + width <= count; at += width) look(Vec<BFloat16>::load(values + at));
  if (at < count) look(Vec<BFloat16>::load(values + at, count - at));
  const auto half = _mm256_min_epu16(_mm512_castsi512_si256(least), _mm512_extracti64x4_epi64(least, 1));
  const auto quarter = _mm_min_epu16(_mm256_castsi256_si128(half), _mm256_extracti128_si256(half, 1));
  const int64_t exponent = (_mm_extract_epi16(_mm_minpos_epu16(quarter), 0) + 1) >> 7;
  return exponent > 0 ? exponent : -1024;
}
#endif

// The product in half precision: as wide arithmetic rounded once.
template <typename T>
inline std::enable_if_t<!std::is_floating_point_v<T>, Vec<T>> operator*(const Vec<T>& a, const Vec<T>& b) {
  const auto first = Wide<T>::widen(a), second = Wide<T>::widen(b);
  return Wide<T>::narrow({first[0] * second[0], first[1] * second[1]});
}

#if defined(__AVX512FP16__)
// A product of two binary16 numbers is exact in float, so the native multiplication is the same to the bit.
inline Vec<Half> operator*(const Vec<Half>& a, const Vec<Half>& b) {
  const auto product = _mm512_mul_ph(reinterpret_cast<__m512h>(a.lanes), reinterpret_cast<__m512h>(b.lanes));
  return reinterpret_cast<Vec<Half>::Lanes>(product);
}
#endif

#if !defined(__AVX512BF16__)
// Every second number lies in the upper half of a word, where it is a float already; the others are moved there.
inline Vec<BFloat16> operator*(const Vec<BFloat16>& a, const Vec<BFloat16>& b) {
  using Floats = Vec<float>::Lanes;
  const auto one = reinterpret_cast<Words>(a.lanes), other = reinterpret_cast<Words>(b.lanes);
  const Vec<float> low = reinterpret_cast<Floats>(one << 16) * reinterpret_cast<Floats>(other << 16);
  const Vec<float> high = reinterpret_cast<Floats>(one & 0xffff0000) * reinterpret_cast<Floats>(other & 0xffff0000);
  return reinterpret_cast<Vec<BFloat16>::Lanes>(rounded_to_upper_half(low) >> 16 | rounded_to_upper_half(high));
}
#endif

// What a factor that is multiplied by many times is kept as: T where there is an instruction that multiplies T, else
// widened once instead of every time.
#if defined(__AVX512FP16__)
template <typename T>
using Factor = std::conditional_t<std::is_same_v<T, BFloat16>, float, T>;
#else
template <typename T>
using Factor = Accumulate<T>;
#endif

// A register of products of `factor` and `values`.
template <typename T>
inline Vec<T> product(const Factor<T>* factor, const Vec<T>& values) {
  if constexpr (std::is_same_v<T, Factor<T>>) {
    return Vec<T>::load(factor) * values;
  } else {
    const auto parts = Wide<T>::widen(values);
    return Wide<T>::narrow({Vec<float>::load(factor) * parts[0], Vec<float>::load(factor + Wide<T>::part) * parts[1]});
  }
}
template <Results results, typename T>
inline Vec<T> product(const Factor<T>* factor, const T* values) {
  if constexpr (std::is_same_v<T, Factor<T>>) {
    return Vec<T>::load(factor) * Vec<T>::load(values);
  } else {
    const auto parts = Wide<T>::load(values);
    const typename Wide<T>::Parts made{Vec<float>::load(factor) * parts[0], Vec<float>::load(factor + Wide<T>::part) * parts[1]};
#if defined(__AVX512BF16__)
    if constexpr (kAsksForSubnormals<T>) return rounded<results>(made);
#endif
    return Wide<T>::narrow(made);
  }
}

// `count` values as factors; whole registers are written.
template <typename T>
inline void widen_to(Factor<T>* to, const T* values, int64_t count) {
  if constexpr (std::is_same_v<T, Factor<T>>) {
    std::memcpy(to, values, count * sizeof(T));
  } else {
    for (int64_t at = 0; at < count; at += Wide<T>::width) {
      const auto parts = Wide<T>::load(values + at, count - at);
      for (int64_t part = 0; part < Wide<T>::parts; ++part) parts[part].store(to + at + part * Wide<T>::part);
    }
  }
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
