// What becomes of a pair before it is stored: the one thing in which ach_expand differs from the product. `blocked`
// and `flat` take it as a template argument.
#pragma once

#include "norms.cuh"
#include "types.cuh"

namespace opbench {

// out (B, P, S): z_i * z_j.
template <typename T>
struct Product {
  static constexpr bool copies = false;  // the output holds pairs only
  struct Pairwise {};                    // what belongs to one pair
  __device__ Product(const Acc<T>*, const Acc<T>*, const Acc<T>*) {}
  __device__ Pairwise of(i64) const { return {}; }
  template <int width>
  __device__ Vec<T, width> operator()(const Vec<T, width>& a, const Vec<T, width>& b, Pairwise) const {
    return multiply<T, width>(a, b);
  }
};

// out (B, C + P, S): x, then f(alpha * z_i * z_j) * weight[p] + bias[p], rounded once.
template <typename T, typename Norm>
struct Normalised {
  typedef Acc<T> A;
  static constexpr bool copies = true;
  struct Pairwise {
    A weight, bias;
  };
  __device__ Normalised(const A* alpha, const A* weight, const A* bias)
      : alpha_(load_one(alpha)), weight_(weight), bias_(bias) {}
  __device__ Pairwise of(i64 p) const { return {load_one(weight_ + p), load_one(bias_ + p)}; }
  template <int width>
  __device__ Vec<T, width> operator()(const Vec<T, width>& a, const Vec<T, width>& b, Pairwise pair) const {
    Vec<T, width> made;
#pragma unroll
    for (int k = 0; k < width; ++k) {
      const A u = Norm::argument(alpha_ * (widen(a[k]) * widen(b[k])));
      made[k] = narrow<T>(Norm::template value<sizeof(T) == 2>(u) * pair.weight + pair.bias);
    }
    return made;
  }

 private:
  A alpha_;
  const A *weight_, *bias_;
};

}  // namespace opbench
