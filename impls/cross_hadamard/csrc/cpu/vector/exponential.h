// Exponential and hyperbolic tangent of a register of float or double, without branches.
#pragma once

#include "vectors.h"

namespace opbench::OPBENCH_VARIANT {

// What range reduction needs: v = n * ln(2) + r with r within +-ln(2) / 2.
template <typename T>
struct Reduction;

template <>
struct Reduction<float> {
  using Integer = int32_t;
  static constexpr float rounder = 12582912.0f;  // 1.5 * 2^23: adding it rounds to an integer, kept in the low bits
  static constexpr float ln2_high = 0.693359375f, ln2_low = -2.12194440e-4f;  // the first has few bits: n times it is exact
  static constexpr Integer bias = 127, mantissa_bits = 23;
  static constexpr int terms = 8;         // of the series; the first that is missing is below 6e-9 of the sum
  static constexpr float largest = 87.0f;  // where e^v and e^-v are normal numbers
};

template <>
struct Reduction<double> {
  using Integer = int64_t;
  static constexpr double rounder = 6755399441055744.0;  // 1.5 * 2^52
  static constexpr double ln2_high = 0.693147180369123816490, ln2_low = 1.90821492927058770002e-10;
  static constexpr Integer bias = 1023, mantissa_bits = 52;
  static constexpr int terms = 14;  // below 5e-18
  static constexpr double largest = 708.0;
};

// e^v = scale * (rest + 1), with a scale of 2^n, for v within +-largest. NaN's rest is NaN.
template <typename T>
struct Exponential {
  Vec<T> scale, rest;
};

template <typename T>
inline Exponential<T> exponential_parts(const Vec<T>& value) {
  using R = Reduction<T>;
  typedef typename R::Integer Integers __attribute__((vector_size(kVector)));
  const auto v = value.lanes;
  const auto shifted = v * static_cast<T>(1.4426950408889634) + R::rounder;
  const auto n = reinterpret_cast<Integers>(shifted) - reinterpret_cast<Integers>(Vec<T>(R::rounder).lanes);
  const auto whole = shifted - R::rounder;
  const auto r = (v - whole * R::ln2_high) - whole * R::ln2_low;
  T factorial = 1;
  T inverse[R::terms];
  for (int k = 1; k <= R::terms; ++k) inverse[k - 1] = 1 / (factorial *= static_cast<T>(k));
  auto sum = Vec<T>(inverse[R::terms - 1]).lanes;
  for (int k = R::terms - 2; k >= 0; --k) sum = sum * r + inverse[k];
  return {reinterpret_cast<typename Vec<T>::Lanes>((n + R::bias) << R::mantissa_bits), Vec<T>(sum * r)};
}

// e^v; beyond +-87 (+-708 for double) that of the bound.
template <typename T>
inline Vec<T> exponential(const Vec<T>& v) {
  const auto [scale, rest] = exponential_parts(clamped(v, Reduction<T>::largest));
  return multiply_add(scale, rest, scale);
}

// (e^2|v| - 1) / (e^2|v| + 1) with v's sign; e^2|v| - 1 is not taken from e^2|v|, which would cancel near 0.
template <typename T>
inline Vec<T> hyperbolic_tangent(const Vec<T>& v) {
  const Vec<T> size = clamped(absolute(v), static_cast<T>(20));
  const auto [scale, rest] = exponential_parts(size + size);
  const Vec<T> less_one = multiply_add(scale, rest, scale - Vec<T>(1));
  const Vec<T> found = less_one / (less_one + Vec<T>(2));
  return v.lanes < 0 ? -found.lanes : found.lanes;
}

}  // namespace opbench::OPBENCH_VARIANT
