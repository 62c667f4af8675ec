// Sixteen floats at a time in the compiler's own vector types, on whatever the processor has: one register or four.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>

namespace opbench {

constexpr int64_t kWidth = 16;

typedef float Lanes __attribute__((vector_size(kWidth * sizeof(float))));
typedef int32_t Integers __attribute__((vector_size(kWidth * sizeof(int32_t))));

// Elements of memory as lanes: float as it is, half precision widened and rounded. Addresses need no alignment.
template <typename T>
inline Lanes load(const T* from) {
  typedef T Packed __attribute__((vector_size(kWidth * sizeof(T))));
  Packed found;
  std::memcpy(&found, from, sizeof(found));
  return __builtin_convertvector(found, Lanes);
}

template <typename T>
inline void store(T* to, const Lanes& value) {
  typedef T Packed __attribute__((vector_size(kWidth * sizeof(T))));
  const Packed packed = __builtin_convertvector(value, Packed);
  std::memcpy(to, &packed, sizeof(packed));
}

// The first `count` < kWidth elements; zeros in the lanes beyond.
template <typename T>
inline Lanes load(const T* from, int64_t count) {
  T some[kWidth] = {};
  std::memcpy(some, from, count * sizeof(T));
  return load(some);
}

template <typename T>
inline void store(T* to, const Lanes& value, int64_t count) {
  T some[kWidth];
  store(some, value);
  std::memcpy(to, some, count * sizeof(T));
}

inline Lanes all(float value) { return Lanes{} + value; }

inline Lanes choose(const Integers& mask, const Lanes& yes, const Lanes& no) { return mask ? yes : no; }

inline Lanes magnitude(const Lanes& value) {
  return reinterpret_cast<Lanes>(reinterpret_cast<Integers>(value) & 0x7fffffff);
}

// The lesser of the two, NaN where the value is NaN.
inline Lanes least(const Lanes& value, float limit) { return choose(all(limit) < value, all(limit), value); }

inline Lanes with_sign_of(const Lanes& sign, const Lanes& size) {
  const Integers negative = reinterpret_cast<Integers>(sign) & static_cast<int32_t>(0x80000000u);
  return reinterpret_cast<Lanes>(reinterpret_cast<Integers>(size) | negative);
}

// Within +-limit; NaN stays NaN.
inline Lanes within(const Lanes& value, float limit) { return with_sign_of(value, least(magnitude(value), limit)); }

constexpr Integers kPlaces = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

// The sum of the lanes, halved step by step without leaving the registers.
inline float lane_sum(Lanes v) {
  v += __builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7);
  v += __builtin_shufflevector(v, v, 4, 5, 6, 7, 0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 3);
  v += __builtin_shufflevector(v, v, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1);
  v += __builtin_shufflevector(v, v, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0);
  return v[0];
}

inline Lanes root(const Lanes& value) {
  Lanes found;
  for (int64_t lane = 0; lane < kWidth; ++lane) found[lane] = std::sqrt(value[lane]);
  return found;
}

// e^v for v within +-80: 2^n times a polynomial in the rest, which lies within +-ln(2)/2. Its coefficients are those of
// the Taylor series to the seventh power, whose first missing term is below 6e-9 there.
inline Lanes exponential(const Lanes& v) {
  const Lanes shifted = v * 1.44269504f + 12582912.0f;  // 1.5 * 2^23: rounds to the nearest integer, kept in the low bits
  const Integers n = reinterpret_cast<Integers>(shifted) - 0x4b400000;
  const Lanes whole = shifted - 12582912.0f;
  const Lanes r = (v - whole * 0.693359375f) - whole * -2.12194440e-4f;  // ln(2) in two parts, the first exact
  Lanes p = all(1.0f / 5040);
  for (const float next : {1.0f / 720, 1.0f / 120, 1.0f / 24, 1.0f / 6, 0.5f, 1.0f, 1.0f}) p = p * r + next;
  return p * reinterpret_cast<Lanes>((n + 127) << 23);
}

// 1 - 2 / (e^2v + 1); near 0, where that cancels, the series.
inline Lanes hyperbolic_tangent(const Lanes& value) {
  const Lanes v = within(value, 40.0f), square = v * v;
  const Lanes far = 1.0f - 2.0f / (exponential(v + v) + 1.0f);
  const Lanes near = v + v * square * (-1.0f / 3 + square * (2.0f / 15 + square * (-17.0f / 315)));
  return choose(magnitude(v) < 0.15f, near, far);
}

}  // namespace opbench
