// The functions f of a gated product and their derivatives, on a register of float or double.
#pragma once

#include <cmath>

#include "../../../cross_hadamard/csrc/cpu/vector/exponential.h"
#include "../gated.h"

namespace opbench::OPBENCH_VARIANT {

template <typename V>
struct Gate {
  V value, slope;
};

template <typename T>
inline Vec<T> where_below(const Vec<T>& v, T limit, const Vec<T>& then, const Vec<T>& otherwise) {
  return v.lanes < limit ? then.lanes : otherwise.lanes;
}

// 1 / (1 + e^-v); 0 from where e^-v is no longer a normal number on, so that -infinity * logistic is NaN as in PyTorch.
template <typename T>
inline Vec<T> logistic(const Vec<T>& v) {
  const Vec<T> found = Vec<T>(1) / (Vec<T>(1) + exponential(Vec<T>(0) - v));
  return where_below(v, -Reduction<T>::largest, Vec<T>(0), found);
}

// Phi(v), the normal distribution, and e^(-v^2/2), which its density is made of.
template <typename T>
struct Normal {
  Vec<T> below, bell;
};

// e^(u^2) erfc(u) / t as a polynomial in t = 2 / (2 + u), for u in [0, 12]: fitted to scipy.special.erfcx at 4,000
// Chebyshev nodes in t by least squares of the relative error, reweighted 30 times. It is 4.5e-8 off at most, and
// 3.3e-7 when evaluated in float.
constexpr float kErfcx[] = {0.28208446502685547f,   0.28240966796875f,     0.2428528219461441f,
                            0.20368216931819916f,   -0.028981853276491165f, 0.28149107098579407f,
                            -0.4901945888996124f,   0.28602170944213867f,  -0.059365514665842056f};

inline Normal<float> normal(const Vec<float>& v) {
  const Vec<float> u = absolute(v) * Vec<float>(0.70710678118654752f);
  const Vec<float> power = Vec<float>(0) - u * u;
  const Vec<float> bell = where_below(power, -Reduction<float>::largest, Vec<float>(0), exponential(power));
  const Vec<float> t = Vec<float>(2) / (Vec<float>(2) + u);
  Vec<float> sum(kErfcx[8]);
  for (int k = 7; k >= 0; --k) sum = multiply_add(sum, t, Vec<float>(kErfcx[k]));
  const Vec<float> tail = bell * sum * t * Vec<float>(0.5f);  // Phi(-|v|)
  const Vec<float> upper = Vec<float>(1) - tail;
  const Vec<float> below = where_below(v, 0.0f, tail, upper);
  return {where_below(v, -13.0f, Vec<float>(0), below), bell};
}

// Lane by lane: float64 is here to be right.
inline Normal<double> normal(const Vec<double>& v) {
  Normal<double> found;
  for (int64_t lane = 0; lane < Vec<double>::width; ++lane) {
    found.below.lanes[lane] = 0.5 * std::erfc(-v.lanes[lane] * 0.70710678118654752440);
    found.bell.lanes[lane] = std::exp(-0.5 * v.lanes[lane] * v.lanes[lane]);
  }
  return found;
}

struct Silu {
  template <typename V>
  static V value(const V& g) {
    return g * logistic(g);
  }
  template <typename V>
  static Gate<V> sloped(const V& g) {
    const V s = logistic(g);
    return {g * s, s * multiply_add(g, V(1) - s, V(1))};
  }
};

struct Gelu {
  template <typename V>
  static V value(const V& g) {
    return g * normal(g).below;
  }
  template <typename V>
  static Gate<V> sloped(const V& g) {
    const auto [below, bell] = normal(g);
    return {g * below, multiply_add(g * V(0.39894228040143268), bell, below)};
  }
};

// With tanh(w) = 2 / (1 + e^-2w) - 1: 0.5 g (1 + tanh(w)) = g / (1 + e^-2w), w = sqrt(2 / pi) (g + 0.044715 g^3).
struct GeluTanh {
  template <typename V>
  static V value(const V& g) {
    return g * logistic(g * multiply_add(g * g, V(2 * 0.79788456080286536 * 0.044715), V(2 * 0.79788456080286536)));
  }
  template <typename V>
  static Gate<V> sloped(const V& g) {
    const V square = g * g;
    const V s = logistic(g * multiply_add(square, V(2 * 0.79788456080286536 * 0.044715), V(2 * 0.79788456080286536)));
    const V steep = multiply_add(square, V(6 * 0.79788456080286536 * 0.044715), V(2 * 0.79788456080286536));
    return {g * s, s * multiply_add(g * (V(1) - s), steep, V(1))};
  }
};

struct Logistic {
  template <typename V>
  static V value(const V& g) {
    return logistic(g);
  }
  template <typename V>
  static Gate<V> sloped(const V& g) {
    const V s = logistic(g);
    return {s, s * (V(1) - s)};
  }
};

struct Relu {
  template <typename V>
  static V value(const V& g) {
    return g.lanes < 0 ? V(0).lanes : g.lanes;
  }
  template <typename V>
  static Gate<V> sloped(const V& g) {
    return {value(g), g.lanes <= 0 ? V(0).lanes : V(1).lanes};
  }
};

// Calls `body` with the struct of that form.
template <typename Body>
void with_form(Form form, const Body& body) {
  switch (form) {
    case Form::silu:
      return body(Silu());
    case Form::gelu:
      return body(Gelu());
    case Form::gelu_tanh:
      return body(GeluTanh());
    case Form::sigmoid:
      return body(Logistic());
    case Form::relu:
      return body(Relu());
  }
}

}  // namespace opbench::OPBENCH_VARIANT
