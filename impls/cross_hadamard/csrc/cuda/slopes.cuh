// What a pair's output gradient is multiplied by on its way to the factors: the one thing in which ach_expand's
// backward differs from the product's.
#pragma once

#include "norms.cuh"
#include "types.cuh"

namespace opbench {

// grad (B, P, S).
template <typename T>
struct Unit {
  static constexpr bool copies = false;
  __device__ Unit(const Acc<T>*, const Acc<T>*) {}
  __device__ Acc<T> of(i64) const { return Acc<T>(1); }
  __device__ Acc<T> operator()(Acc<T> grad, Acc<T>, Acc<T>) const { return grad; }
};

// grad (B, C + P, S): alpha * weight[p] * f'(alpha * z_i * z_j).
template <typename T, typename Norm>
struct Slope {
  typedef Acc<T> A;
  static constexpr bool copies = true;
  __device__ Slope(const A* alpha, const A* weight) : alpha_(load_one(alpha)), weight_(weight) {}
  __device__ A of(i64 p) const { return alpha_ * load_one(weight_ + p); }
  __device__ A operator()(A grad, A product, A scale) const {
    return grad * scale * Norm::template slope<sizeof(T) == 2>(Norm::argument(alpha_ * product));
  }

 private:
  A alpha_;
  const A* weight_;
};

}  // namespace opbench
