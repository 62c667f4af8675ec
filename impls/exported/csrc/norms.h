// The normalisers f(u) on vectors, by the names of the operators that have them.
//
// Infinite products give the bound of f, as they do in training; NaN stays NaN.
#pragma once

#include "vectors.h"

namespace opbench {

constexpr float kFar = 1e18f;

struct Softsign {  // DySoft
  static constexpr const char* suffix = "";
  static Lanes value(const Lanes& u) {
    const Lanes size = least(magnitude(u), kFar);
    return with_sign_of(u, size / (1.0f + size));  // an estimate of 14 bits and Newton's step: 27.4 us for 25.8
  }
};

struct Sigmoid {  // DySig: sigmoid(u) - 1/2
  static constexpr const char* suffix = "Sigmoid";
  static Lanes value(const Lanes& u) { return 0.5f * hyperbolic_tangent(0.5f * u); }
};

struct Algebraic {  // DyAlge
  static constexpr const char* suffix = "Algebraic";
  static Lanes value(const Lanes& u) {
    const Lanes near = within(u, kFar);
    return near / root(1.0f + near * near);
  }
};

struct Tanh {  // DyT
  static constexpr const char* suffix = "Tanh";
  static Lanes value(const Lanes& u) { return hyperbolic_tangent(u); }
};

struct Identity {  // BatchNorm with settled statistics
  static constexpr const char* suffix = "Identity";
  static Lanes value(const Lanes& u) { return u; }
};

}  // namespace opbench
