// The normalisers f(u) and their slopes f'(u), u = alpha * z_i * z_j.
//
// `brief` is for results that are rounded to 16 bits next: an error of 2 units in the last place of float32 is
// invisible there. Instructions matter: at the H200's write bandwidth a thread has about 97 for a 16-byte store. For
// softsign in `blocked` sm_90 takes 69 in float32 (110 with the IEEE division) and 114 for the eight elements of
// bfloat16; tanh in float32 takes 111.
#pragma once

#include "platform.cuh"

namespace opbench {

__device__ inline float exponential(float u) { return expf(u); }
__device__ inline double exponential(double u) { return exp(u); }
__device__ inline float tangent(float u) { return tanhf(u); }
__device__ inline double tangent(double u) { return tanh(u); }
__device__ inline float magnitude(float u) { return fabsf(u); }
__device__ inline double magnitude(double u) { return fabs(u); }

// 1 / b and 1 / sqrt(b) in one instruction, for 1 <= b < 1e37 only: neither it nor the result is denormal, so .ftz
// flushes nothing and spares the scaling that a general argument needs.
#if defined(__CUDA_ARCH__)
__device__ inline float reciprocal(float b) {
  float r;
  asm("rcp.approx.ftz.f32 %0, %1;" : "=f"(r) : "f"(b));
  return r;
}
__device__ inline float inverse_root(float b) {
  float r;
  asm("rsqrt.approx.ftz.f32 %0, %1;" : "=f"(r) : "f"(b));
  return r;
}
#else
__device__ inline float reciprocal(float b) { return 1.0f / b; }
__device__ inline float inverse_root(float b) { return 1.0f / sqrtf(b); }
#endif
__device__ inline double inverse_root(double b) { return rsqrt(b); }

// a / b for b as above: float32 with one correction step, within half a unit in the last place but for rare ties.
template <bool brief>
__device__ inline float quotient(float a, float b) {
  const float r = reciprocal(b), q = a * r;
  return brief ? q : fmaf(fmaf(-q, b, a), r, q);
}
template <bool brief>
__device__ inline double quotient(double a, double b) {
  return a / b;
}

// Where f has reached its limit but u^2 has not overflowed. u = inf gives f = 1 and not inf / inf; NaN passes.
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
__device__ inline float bounded(float u) {
  float v;
  asm("{ .reg .f32 t; min.NaN.f32 t, %1, %2; max.NaN.f32 %0, t, %3; }" : "=f"(v) : "f"(u), "f"(1e18f), "f"(-1e18f));
  return v;
}
#else
__device__ inline float bounded(float u) { return u > 1e18f ? 1e18f : u < -1e18f ? -1e18f : u; }
#endif
__device__ inline double bounded(double u) { return u > 1e150 ? 1e150 : u < -1e150 ? -1e150 : u; }

// What f is called with: of u what lies within the bounds, where f has some.
struct Bounded {
  template <typename A>
  __device__ static A argument(A u) {
    return bounded(u);
  }
};

struct Unbounded {
  template <typename A>
  __device__ static A argument(A u) {
    return u;
  }
};

struct Softsign : Bounded {  // DySoft: u / (1 + |u|)
  template <bool brief, typename A>
  __device__ static A value(A u) {
    return quotient<brief>(u, A(1) + magnitude(u));
  }
  template <bool brief, typename A>
  __device__ static A slope(A u) {
    const A share = quotient<brief>(A(1), A(1) + magnitude(u));
    return share * share;
  }
};

// e / (1 + e)^2 with e = exp(-|u|): the logistic function's slope without the cancellation of s(1 - s).
template <bool brief, typename A>
__device__ inline A logistic_slope(A u) {
  const A e = exponential(-magnitude(u));
  return quotient<brief>(e, (A(1) + e) * (A(1) + e));
}

struct Sigmoid : Bounded {  // DySig: sigmoid(u) - 1/2 = tanh(u/2) / 2, which keeps its digits near 0
  template <bool brief, typename A>
  __device__ static A value(A u) {
    return A(0.5) * tangent(A(0.5) * u);
  }
  template <bool brief, typename A>
  __device__ static A slope(A u) {
    return logistic_slope<brief>(u);
  }
};

struct Algebraic : Bounded {  // DyAlge: u / sqrt(1 + u^2)
  template <bool brief, typename A>
  __device__ static A value(A u) {
    return u * inverse_root(A(1) + u * u);
  }
  template <bool brief, typename A>
  __device__ static A slope(A u) {
    const A r = inverse_root(A(1) + u * u);
    return r * r * r;
  }
};

struct Tanh : Bounded {  // DyT
  template <bool brief, typename A>
  __device__ static A value(A u) {
    return tangent(u);
  }
  template <bool brief, typename A>
  __device__ static A slope(A u) {
    return A(4) * logistic_slope<brief>(A(2) * u);
  }
};

struct Identity : Unbounded {  // BatchNorm with settled statistics
  template <bool brief, typename A>
  __device__ static A value(A u) {
    return u;
  }
  template <bool brief, typename A>
  __device__ static A slope(A) {
    return A(1);
  }
};

}  // namespace opbench
