// What suppression and overlaps ask of registers: which lanes are greater, whether any is; maxima and minima.
#pragma once

#include "../../../cross_hadamard/csrc/cpu/vector/vectors.h"

namespace opbench::OPBENCH_VARIANT {

// The greater (smaller) of two, the second where one is NaN: the processor's own instruction.
template <typename T>
inline Vec<T> larger(const Vec<T>& a, const Vec<T>& b) {
#if defined(__AVX512F__)
  if constexpr (sizeof(T) == sizeof(float)) {
    return reinterpret_cast<typename Vec<T>::Lanes>(_mm512_max_ps(reinterpret_cast<__m512>(a.lanes), reinterpret_cast<__m512>(b.lanes)));
  } else {
    return reinterpret_cast<typename Vec<T>::Lanes>(_mm512_max_pd(reinterpret_cast<__m512d>(a.lanes), reinterpret_cast<__m512d>(b.lanes)));
  }
#else
  return a.lanes > b.lanes ? a.lanes : b.lanes;
#endif
}
template <typename T>
inline Vec<T> smaller(const Vec<T>& a, const Vec<T>& b) {
#if defined(__AVX512F__)
  if constexpr (sizeof(T) == sizeof(float)) {
    return reinterpret_cast<typename Vec<T>::Lanes>(_mm512_min_ps(reinterpret_cast<__m512>(a.lanes), reinterpret_cast<__m512>(b.lanes)));
  } else {
    return reinterpret_cast<typename Vec<T>::Lanes>(_mm512_min_pd(reinterpret_cast<__m512d>(a.lanes), reinterpret_cast<__m512d>(b.lanes)));
  }
#else
  return a.lanes < b.lanes ? a.lanes : b.lanes;
#endif
}

// The value as it is once it is rounded. Compilers make a multiplication and a later addition one instruction, which
// rounds once; where every backend has to decide alike, nothing may see past this. (GCC 12 would leave the areas that are
// shared alone, since their products have other uses too.)
template <typename T>
inline Vec<T> rounded(Vec<T> value) {
#if defined(__x86_64__)
  __asm__("" : "+v"(value.lanes));
#elif defined(__aarch64__)
  __asm__("" : "+w"(value.lanes));
#else
  __asm__("" : "+m"(value.lanes));
#endif
  return value;
}

// One truth a lane: a register of bits where the processor has those, else a register of lanes, all ones or zeros.
template <typename T>
struct Mask {
#if defined(__AVX512F__)
  using Bits = std::conditional_t<sizeof(T) == sizeof(float), __mmask16, __mmask8>;
  Bits bits = 0;

  bool any() const { return bits != 0; }
  uint64_t to_bits() const { return bits; }
  Mask operator&(const Mask& other) const { return {static_cast<Bits>(bits & other.bits)}; }
  Mask operator|(const Mask& other) const { return {static_cast<Bits>(bits | other.bits)}; }
#else
  using Integer = std::conditional_t<sizeof(T) == sizeof(float), int32_t, int64_t>;
  typedef Integer Lanes __attribute__((vector_size(kVector)));
  Lanes lanes{};

  uint64_t to_bits() const {
#if defined(__AVX__)
    if constexpr (sizeof(T) == sizeof(float)) return static_cast<uint32_t>(_mm256_movemask_ps(reinterpret_cast<__m256>(lanes)));
    if constexpr (sizeof(T) == sizeof(double)) return static_cast<uint32_t>(_mm256_movemask_pd(reinterpret_cast<__m256d>(lanes)));
#else
    uint64_t bits = 0;
    for (int64_t lane = 0; lane < Vec<T>::width; ++lane) bits |= static_cast<uint64_t>(lanes[lane] & 1) << lane;
    return bits;
#endif
  }
  bool any() const { return to_bits() != 0; }
  Mask operator&(const Mask& other) const { return {lanes & other.lanes}; }
  Mask operator|(const Mask& other) const { return {lanes | other.lanes}; }
#endif

  bool all() const { return to_bits() == (uint64_t{1} << Vec<T>::width) - 1; }
};

// a > b and a >= b, false where one is NaN.
template <typename T>
inline Mask<T> greater(const Vec<T>& a, const Vec<T>& b) {
#if defined(__AVX512F__)
  if constexpr (sizeof(T) == sizeof(float)) {
    return {_mm512_cmp_ps_mask(reinterpret_cast<__m512>(a.lanes), reinterpret_cast<__m512>(b.lanes), _CMP_GT_OQ)};
  } else {
    return {_mm512_cmp_pd_mask(reinterpret_cast<__m512d>(a.lanes), reinterpret_cast<__m512d>(b.lanes), _CMP_GT_OQ)};
  }
#else
  return {a.lanes > b.lanes};
#endif
}
template <typename T>
inline Mask<T> at_least(const Vec<T>& a, const Vec<T>& b) {
#if defined(__AVX512F__)
  if constexpr (sizeof(T) == sizeof(float)) {
    return {_mm512_cmp_ps_mask(reinterpret_cast<__m512>(a.lanes), reinterpret_cast<__m512>(b.lanes), _CMP_GE_OQ)};
  } else {
    return {_mm512_cmp_pd_mask(reinterpret_cast<__m512d>(a.lanes), reinterpret_cast<__m512d>(b.lanes), _CMP_GE_OQ)};
  }
#else
  return {a.lanes >= b.lanes};
#endif
}

// then where the mask is true, else otherwise.
template <typename T>
inline Vec<T> select(const Mask<T>& mask, const Vec<T>& then, const Vec<T>& otherwise) {
#if defined(__AVX512F__)
  if constexpr (sizeof(T) == sizeof(float)) {
    return reinterpret_cast<typename Vec<T>::Lanes>(_mm512_mask_blend_ps(
        mask.bits, reinterpret_cast<__m512>(otherwise.lanes), reinterpret_cast<__m512>(then.lanes)));
  } else {
    return reinterpret_cast<typename Vec<T>::Lanes>(_mm512_mask_blend_pd(
        mask.bits, reinterpret_cast<__m512d>(otherwise.lanes), reinterpret_cast<__m512d>(then.lanes)));
  }
#else
  return mask.lanes ? then.lanes : otherwise.lanes;
#endif
}

}  // namespace opbench::OPBENCH_VARIANT
