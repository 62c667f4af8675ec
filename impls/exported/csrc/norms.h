// The normalisers f(u) on vectors, by the names of the operators that have them.
//
// u is within +-1e18 or NaN, so that infinite products give the bound of f, as they do in training.
#pragma once

#include "vectors.h"

namespace opbench {

constexpr float kFar = 1e18f;

struct Softsign {  // DySoft
  static constexpr const char* suffix = "";
  static Lanes value(const Lanes& u) { return u / (1.0f + magnitude(u)); }
};

struct Sigmoid {  // DySig: sigmoid(u) - 1/2
  static constexpr const char* suffix = "Sigmoid";
  static Lanes value(const Lanes& u) { return 0.5f * hyperbolic_tangent(0.5f * u); }
};

struct Algebraic {  // DyAlge
  static constexpr const char* suffix = "Algebraic";
  static Lanes value(const Lanes& u) { return u / root(1.0f + u * u); }
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
