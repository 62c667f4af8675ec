// Products of all pairs of k chosen values of a pixel, a register of pairs at a time.
//
// Behind the expansion only sums over its channels are left, so their order is free, and one is taken that needs no
// shuffles: pairs (i, i + d) for d = 1, 2, ..., places counted modulo k. With the values written one and a half times in a
// row, a register of pairs is the product of two runs of them; where d changes inside a register a third run takes over.
#pragma once

#include "../../../cross_hadamard/csrc/cpu/vector/norms.h"
#include "lanes.h"

namespace opbench::OPBENCH_VARIANT {

// The places of the e-th pair, the lower first.
struct Pair {
  int64_t first, second;
  Pair(int64_t e, int64_t k) {
    const int64_t i = e % k, j = (i + 1 + e / k) % k;
    first = smaller(i, j);
    second = larger(i, j);
  }
};

inline int64_t pairs_of(int64_t k) { return k < 2 ? 0 : k * (k - 1) / 2; }

// Floats of a pixel's row: the values modulo k as far as a run may reach.
inline int64_t run_room(int64_t k) { return round_up(k + k / 2 + 2 + kLanes, kLanes); }

// A register of pairs from the e-th on.
struct PairRun {
  int64_t first, second, third;  // where the runs start; the third is read from lane `turn` on
  int32_t turn;
  bool runs;  // whether these are enough: with fewer values than lanes d changes more often
  int64_t e, k;

  PairRun(int64_t from, int64_t of)
      : first(from % of),
        second(from % of + 1 + from / of),
        third(second + 1),
        turn(static_cast<int32_t>(smaller(kLanes, of - first))),
        runs(of >= kLanes),
        e(from),
        k(of) {}
};

// What a normaliser has of a register of pairs.
struct Affine {
  float alpha;
  const float *weight, *bias;
};

// Normalised products of `pixels` pixels, `row` floats apart in z, kLanes apart in `out`.
template <typename N>
void multiply_pairs(const PairRun& run, const float* z, int64_t row, int64_t pixels, const Affine& affine, float* out) {
  const Floats alpha(affine.alpha), weight = Floats::load(affine.weight), bias = Floats::load(affine.bias);
  const auto finish = [&](const Floats::Lanes& product) {
    return multiply_add(N::value(argument<N>(alpha * Floats(product))), weight, bias);
  };
  typedef int32_t Places __attribute__((vector_size(kVector)));
  Places before{};
  for (int32_t lane = 0; lane < kLanes; ++lane) before[lane] = lane < run.turn ? -1 : 0;
  if (!run.runs) {
    const int64_t pairs = pairs_of(run.k);
    for (int64_t p = 0; p < pixels; ++p, z += row, out += kLanes) {
      Floats::Lanes product{};
      for (int64_t lane = 0; lane < smaller(kLanes, pairs - run.e); ++lane) {
        const Pair pair(run.e + lane, run.k);
        product[lane] = z[pair.first] * z[pair.second];
      }
      finish(product).store(out);
    }
  } else if (run.turn == kLanes) {
    for (int64_t p = 0; p < pixels; ++p, z += row, out += kLanes) {
      finish(Floats::load(z + run.first).lanes * Floats::load(z + run.second).lanes).store(out);
    }
  } else {
    for (int64_t p = 0; p < pixels; ++p, z += row, out += kLanes) {
      const Floats::Lanes second = before ? Floats::load(z + run.second).lanes : Floats::load(z + run.third).lanes;
      finish(Floats::load(z + run.first).lanes * second).store(out);
    }
  }
}

// multiply_pairs with its normaliser chosen.
using MultiplyPairs = void (*)(const PairRun&, const float*, int64_t, int64_t, const Affine&, float*);

inline MultiplyPairs pair_kernel(Norm norm) {
  MultiplyPairs found = nullptr;
  with_norm(norm, [&](auto each) { found = multiply_pairs<decltype(each)>; });
  return found;
}

}  // namespace opbench::OPBENCH_VARIANT
