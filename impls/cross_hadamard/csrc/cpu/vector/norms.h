// The normalisers f(u) and their derivatives f'(u), on vectors of float or double.
//
// Where f has bounds u is finite or NaN: `argument` sees to that, since infinity over infinity would be NaN and not 1.
#pragma once

#include <type_traits>

#include "exponential.h"

namespace opbench::OPBENCH_VARIANT {

// u within +-1e18 (+-1e150 for double), whose squares still are finite, of a normaliser with bounds; NaN stays NaN.
template <typename N, typename Sum>
inline Vec<Sum> argument(const Vec<Sum>& u) {
  constexpr Sum limit = std::is_same_v<Sum, double> ? static_cast<Sum>(1e150) : static_cast<Sum>(1e18);
  if constexpr (N::has_bounds) return clamped(u, limit);
  return u;
}

template <typename V>
struct Sloped {
  V value, slope;
};

struct Softsign {  // DySoft
  static constexpr bool has_bounds = true;
  template <typename V>
  static V value(const V& u) {
    return u / (V(1) + absolute(u));
  }
  template <typename V>
  static Sloped<V> sloped(const V& u) {
    const V rest = V(1) / (V(1) + absolute(u));
    return {u * rest, rest * rest};
  }
};

struct Sigmoid {  // DySig
  static constexpr bool has_bounds = true;
  template <typename V>
  static V value(const V& u) {
    return V(1) / (V(1) + exponential(V(0) - u)) - V(0.5);
  }
  template <typename V>
  static Sloped<V> sloped(const V& u) {
    const V s = V(1) / (V(1) + exponential(V(0) - u));
    return {s - V(0.5), s * (V(1) - s)};
  }
};

struct Algebraic {  // DyAlge
  static constexpr bool has_bounds = true;
  template <typename V>
  static V value(const V& u) {
    return u / square_root(V(1) + u * u);
  }
  template <typename V>
  static Sloped<V> sloped(const V& u) {
    const V rest = V(1) / square_root(V(1) + u * u);
    return {u * rest, rest * rest * rest};
  }
};

struct Tanh {  // DyT
  static constexpr bool has_bounds = true;
  template <typename V>
  static V value(const V& u) {
    return hyperbolic_tangent(u);
  }
  template <typename V>
  static Sloped<V> sloped(const V& u) {
    const V t = hyperbolic_tangent(u);
    return {t, V(1) - t * t};
  }
};

struct Identity {  // BatchNorm with settled statistics
  static constexpr bool has_bounds = false;
  template <typename V>
  static V value(const V& u) {
    return u;
  }
  template <typename V>
  static Sloped<V> sloped(const V& u) {
    return {u, V(1)};
  }
};

// Calls `body` with the struct of that name.
template <typename Body>
void with_norm(Norm norm, const Body& body) {
  switch (norm) {
    case Norm::softsign:
      return body(Softsign());
    case Norm::sigmoid:
      return body(Sigmoid());
    case Norm::algebraic:
      return body(Algebraic());
    case Norm::tanh:
      return body(Tanh());
    case Norm::identity:
      return body(Identity());
  }
}

}  // namespace opbench::OPBENCH_VARIANT
