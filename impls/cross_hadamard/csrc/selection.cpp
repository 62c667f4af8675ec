// ACH once trained, from its mixed channels on: x is copied and its channels' means taken in one pass, efficient channel
// attention scores them, and behind the copy go the products of the k that score highest in each sample.
#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include <c10/util/BFloat16.h>
#include <c10/util/Half.h>

#include "cpu.h"
#include "memory.h"
#include "pairs.h"
#include "queue.h"

namespace opbench {
namespace {

// Bytes of x worth a thread of their own: little, because the layer before has left each half with another core.
constexpr int64_t kPart = int64_t{16} << 10;

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

// scores[c] = sum over t of taps[t] * means[c + t - taps / 2], zeros beyond both ends.
template <typename T>
void score(const std::vector<T>& means, const std::vector<double>& taps, std::vector<T>& scores) {
  const auto channels = static_cast<int64_t>(means.size()), count = static_cast<int64_t>(taps.size());
  for (int64_t c = 0; c < channels; ++c) {
    const int64_t first = c - count / 2;
    double sum = 0;
    for (int64_t t = std::max<int64_t>(0, -first); t < std::min(count, channels - first); ++t) {
      sum += taps[t] * static_cast<double>(means[first + t]);
    }
    scores[c] = static_cast<T>(sum);
  }
}

// The places of the k highest scores, the highest first and NaN before all. By the algorithm of at::topk, whose order of
// equal scores, frequent in half precision, is therefore ours too.
template <typename T>
void highest(const std::vector<T>& scores, int64_t k, int64_t* index) {
  using Scored = std::pair<T, int64_t>;
  std::vector<Scored> found;
  for (const T& one : scores) found.emplace_back(one, static_cast<int64_t>(found.size()));
  const auto before = [](const Scored& a, const Scored& b) {
    const bool a_nan = std::isnan(static_cast<double>(a.first)), b_nan = std::isnan(static_cast<double>(b.first));
    return (a_nan && !b_nan) || a.first > b.first;
  };
  const auto n = static_cast<int64_t>(found.size());
  if (k * 64 <= n) {
    std::partial_sort(found.begin(), found.begin() + k, found.end(), before);
  } else if (k > 0) {
    std::nth_element(found.begin(), found.begin() + k - 1, found.end(), before);
    std::sort(found.begin(), found.begin() + k - 1, before);
  }
  for (int64_t i = 0; i < k; ++i) index[i] = found[i].second;
}

// x into its place in `out`, and the means of its maps.
template <bool stream, typename T>
void copy_and_average(const T* x, T* out, T* means, const Sizes& s) {
  const int64_t skipped = pair_count(s.n) * s.size;
  at::parallel_for(0, s.batch * s.channels, units_a_thread<T>(kPart, s.size), [&](int64_t from, int64_t to) {
    for (int64_t map = from; map < to; ++map) {
      const T* source = x + map * s.size;
      copy<stream>(source, out + map * s.size + map / s.channels * skipped, s.size);
      means[map] = static_cast<T>(sum_of(source, s.size) / static_cast<double>(s.size));
    }
    if constexpr (stream) drain_streams();
  });
}

}  // namespace

template <typename T>
void ach_select_expand(const T* x, const std::vector<double>& taps, const Normaliser<T>& normaliser, T* out,
                       const Sizes& sizes, Schedule schedule) {
  if (sizes.batch * sizes.channels * sizes.size == 0) return;
  std::vector<T> means(sizes.batch * sizes.channels);
  const int64_t elements = sizes.batch * (sizes.channels + pair_count(sizes.n)) * sizes.size;
  const bool stream = past_cache(elements * static_cast<int64_t>(sizeof(T)));
  stream ? copy_and_average<true>(x, out, means.data(), sizes) : copy_and_average<false>(x, out, means.data(), sizes);
  std::vector<int64_t> index(sizes.batch * sizes.n);
  std::vector<T> own(sizes.channels), scores(sizes.channels);
  for (int64_t b = 0; b < sizes.batch; ++b) {
    std::copy_n(means.begin() + b * sizes.channels, sizes.channels, own.begin());
    score(own, taps, scores);
    highest(scores, sizes.n, index.data() + b * sizes.n);
  }
  append_products(x, index.data(), normaliser, out, sizes, schedule);
}

#define OPBENCH_INSTANTIATE(T)                                                                                      \
  template void ach_select_expand(const T*, const std::vector<double>&, const Normaliser<T>&, T*, const Sizes&, \
                                  Schedule);
OPBENCH_INSTANTIATE(float)
OPBENCH_INSTANTIATE(double)
OPBENCH_INSTANTIATE(c10::Half)
OPBENCH_INSTANTIATE(c10::BFloat16)
#undef OPBENCH_INSTANTIATE

}  // namespace opbench
