// What a pair's output gradient is multiplied by on its way to the factors: the one thing in which ach_expand's
// backward differs from the product's. And what it adds to the parameters' sums.
#pragma once

#include "norms.cuh"
#include "pair_sums.cuh"
#include "types.cuh"

namespace opbench {

// grad (B, P, S).
template <typename T>
struct Unit {
  static constexpr bool copies = false;
  static constexpr int tile = 16;  // channels j that a thread of `columns` keeps
  __device__ Unit(const Acc<T>*, const Acc<T>*) {}
  __device__ Acc<T> of(i64) const { return Acc<T>(1); }
  __device__ Acc<T> operator()(Acc<T> grad, Acc<T>, Acc<T>) const { return grad; }
};

// grad (B, C + P, S): alpha * weight[p] * f'(alpha * z_i * z_j).
template <typename T, typename Norm>
struct Slope {
  typedef Acc<T> A;
  static constexpr bool copies = true, brief = sizeof(T) == 2;
  static constexpr int tile = kSummedPairs;
  __device__ Slope(const A* alpha, const A* weight) : alpha_(load_one(alpha)), weight_(weight) {}
  __device__ A of(i64 p) const { return alpha_ * load_one(weight_ + p); }
  __device__ A operator()(A grad, A product, A scale) const {
    return grad * scale * Norm::template slope<brief>(Norm::argument(alpha_ * product));
  }
  // As above, and adds to the sums of pair `pair` of the eight.
  __device__ A operator()(A grad, A product, A scale, PairValues<A>& values, int pair) const {
    const A u = Norm::argument(alpha_ * product), slope = Norm::template slope<brief>(u);
    values.add(pair, grad, Norm::template value<brief>(u), slope, product);
    return grad * scale * slope;
  }
  __device__ const A* weight(i64 p) const { return weight_ + p; }

 private:
  A alpha_;
  const A* weight_;
};

}  // namespace opbench
