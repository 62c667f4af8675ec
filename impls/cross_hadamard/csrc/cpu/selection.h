// ACH once trained, from its mixed channels on: x is copied and its channels' means taken in one pass, efficient channel
// attention scores them, and behind the copy go the products of the k that score highest in each sample.
#pragma once

#include <algorithm>
#include <vector>

#include "../highest.h"
#include "expand.h"

namespace opbench::OPBENCH_VARIANT {

// Bytes of x worth a thread of their own: little, because the layer before has left each half with another core.
constexpr int64_t kMeansPart = int64_t{16} << 10;

// The sum of one map. Chains of float are kept short: what 64 vectors add up to goes on in double.
template <typename T>
double sum_of(const T* map, int64_t size) {
  using V = typename Wide<T>::Part;
  constexpr int64_t most = 64 * Wide<T>::width;
  double sum = 0;
  for (int64_t start = 0; start < size; start += most) {
    std::array<V, 2> chains{V(0), V(0)};
    const int64_t end = std::min(size, start + most);
    for (int64_t at = start, turn = 0; at < end; at += Wide<T>::width, turn ^= 1) {
      const auto parts = Wide<T>::load(map + at, end - at);
      for (const V& part : parts) chains[turn] = chains[turn] + part;
    }
    sum += static_cast<double>(lane_sum(chains[0] + chains[1]));
  }
  return sum;
}

// As T would hold it.
template <typename T>
Accumulate<T> rounded(double value) {
  return widened<T>(narrowed<T>(static_cast<Accumulate<T>>(value)));
}

// scores[c] = sum over t of taps[t] * means[c + t - taps / 2], zeros beyond both ends; rounded to T.
template <typename T>
void score(const Accumulate<T>* means, const std::vector<double>& taps, std::vector<double>& scores) {
  const auto channels = static_cast<int64_t>(scores.size()), count = static_cast<int64_t>(taps.size());
  for (int64_t c = 0; c < channels; ++c) {
    const int64_t first = c - count / 2;
    double sum = 0;
    for (int64_t t = std::max<int64_t>(0, -first); t < std::min(count, channels - first); ++t) {
      sum += taps[t] * static_cast<double>(means[first + t]);
    }
    scores[c] = rounded<T>(sum);
  }
}

// x into its place in `out`, and the means of its maps, rounded to T.
template <Stores stores, typename T>
void copy_and_average(const T* x, T* out, Accumulate<T>* means, const Sizes& s) {
  const int64_t skipped = pair_count(s.n) * s.size;
  parallel_for(s.batch * s.channels, units_a_thread<T>(kMeansPart, s.size), [&](int64_t from, int64_t to) {
    for (int64_t map = from; map < to; ++map) {
      const T* source = x + map * s.size;
      copy<stores>(source, out + map * s.size + map / s.channels * skipped, s.size);
      means[map] = rounded<T>(sum_of(source, s.size) / static_cast<double>(s.size));
    }
    if constexpr (stores == Stores::streaming) drain_streams();
  });
}

template <typename T>
void select_expand(const T* x, const std::vector<double>& taps, const Normaliser<T>& normaliser, T* out,
                   const Sizes& sizes, Schedule schedule, Stores stores) {
  if (sizes.empty()) return;
  std::vector<Accumulate<T>> means(sizes.batch * sizes.channels);
  std::vector<double> scores(sizes.channels);
  stores == Stores::streaming ? copy_and_average<Stores::streaming>(x, out, means.data(), sizes)
                              : copy_and_average<Stores::cached>(x, out, means.data(), sizes);
  std::vector<int64_t> index(sizes.batch * sizes.n);
  for (int64_t b = 0; b < sizes.batch; ++b) {
    score<T>(means.data() + b * sizes.channels, taps, scores);
    highest(scores, sizes.n, index.data() + b * sizes.n);
  }
  append_products(x, index.data(), normaliser, out, sizes, schedule, stores);
}

}  // namespace opbench::OPBENCH_VARIANT
