// ACH once trained, from its mixed channels on: x is copied and its channels' means taken in one pass, efficient channel
// attention scores them, and behind the copy go the products of the k that score highest in each sample.
#pragma once

#include <algorithm>
#include <vector>

#include "expand.h"

namespace opbench::OPBENCH_VARIANT {

// Bytes of x worth a thread of their own: little, because the layer before has left each half with another core.
constexpr int64_t kMeansPart = int64_t{16} << 10;

// Copies one map and returns its sum. Chains of float are kept short: what 64 vectors add up to goes on in double.
template <Stores stores, typename T>
double copy_and_sum(const T* map, T* to, int64_t size) {
  using V = typename Wide<T>::Part;
  constexpr int64_t width = Wide<T>::width, most = 64 * width;
  if constexpr (stores == Stores::streaming) copy<stores>(map, to, size);
  const auto add = [&](V& chain, int64_t at, auto... count) {
    for (const V& part : Wide<T>::load(map + at, count...)) chain = chain + part;
    if constexpr (stores == Stores::cached) Vec<T>::load(map + at, count...).store(to + at, count...);
  };
  double sum = 0;
  for (int64_t start = 0; start < size; start += most) {
    V even(0), odd(0);
    const int64_t end = std::min(size, start + most);
    int64_t at = start;
    for (; at + 2 * width <= end; at += 2 * width) {
      add(even, at);
      add(odd, at + width);
    }
    if (const int64_t left = end - at; left >= width) {
      add(even, at);
      if (left > width) add(odd, at + width, left - width);
    } else if (left > 0) {
      add(even, at, left);
    }
    sum += static_cast<double>(lane_sum(even + odd));
  }
  return sum;
}

// As T would hold it.
template <typename T>
Accumulate<T> rounded(double value) {
  return widened<T>(narrowed<T>(static_cast<Accumulate<T>>(value)));
}

// scores[c] = sum over t of taps[t] * means[c + t - taps / 2], zeros beyond both ends; rounded to Score.
template <typename Score>
void score(const Accumulate<Score>* means, const std::vector<double>& taps, std::vector<double>& scores) {
  const auto channels = static_cast<int64_t>(scores.size()), count = static_cast<int64_t>(taps.size());
  std::fill(scores.begin(), scores.end(), 0.0);
  for (int64_t t = 0; t < count; ++t) {
    const int64_t shift = t - count / 2;
    for (int64_t c = std::max<int64_t>(0, -shift); c < std::min(channels, channels - shift); ++c) {
      scores[c] += taps[t] * static_cast<double>(means[c + shift]);
    }
  }
  for (double& sum : scores) sum = rounded<Score>(sum);
}

// x into its place in `out`, and the means of its maps, rounded to Score.
template <Stores stores, typename Score, typename Pool, typename T>
void copy_and_average(const Pool& pool, const T* x, T* out, Accumulate<T>* means, const Sizes& s) {
  const int64_t skipped = pair_count(s.n) * s.size;
  pool.parallel_for(s.batch * s.channels, units_a_thread<T>(kMeansPart, s.size), [&](int64_t from, int64_t to) {
    for (int64_t map = from; map < to; ++map) {
      T* const to = out + map * s.size + map / s.channels * skipped;
      const double sum = copy_and_sum<stores>(x + map * s.size, to, s.size);
      means[map] = rounded<Score>(sum / static_cast<double>(s.size));
    }
    if constexpr (stores == Stores::streaming) drain_streams();
  });
}

// `expand` of the n channels of each sample that score highest, by `taps`, of which there is an odd number. Ranking says
// how: Score is the type that means and scores are rounded to, highest(scores, k, index) the k highest, the highest first.
template <typename Ranking, typename Pool, typename T>
void select_expand(const Pool& pool, const T* x, const std::vector<double>& taps, const Normaliser<T>& normaliser, T* out,
                   const Sizes& sizes, Schedule schedule, Stores stores) {
  using Score = typename Ranking::Score;
  if (sizes.empty()) return;
  std::vector<Accumulate<T>> means(sizes.batch * sizes.channels);
  std::vector<double> scores(sizes.channels);
  stores == Stores::streaming ? copy_and_average<Stores::streaming, Score>(pool, x, out, means.data(), sizes)
                              : copy_and_average<Stores::cached, Score>(pool, x, out, means.data(), sizes);
  std::vector<int64_t> index(sizes.batch * sizes.n);
  for (int64_t b = 0; b < sizes.batch; ++b) {
    score<Score>(means.data() + b * sizes.channels, taps, scores);
    Ranking::highest(scores, sizes.n, index.data() + b * sizes.n);
  }
  append_products(pool, x, index.data(), normaliser, out, sizes, schedule, stores);
}

}  // namespace opbench::OPBENCH_VARIANT
