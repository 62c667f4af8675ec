// ACH's selection: channel means, their weighted neighbours, the k highest. Copies x into its place on the way.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <vector>

#include "products.h"

namespace opbench {

// Copies one map and returns its sum. Chains of float are kept short; what they add up to goes on in double.
template <typename T>
double copy_and_sum(const T* from, T* to, int64_t size) {
  constexpr int64_t most = 64 * kWidth;
  double sum = 0;
  for (int64_t start = 0; start < size; start += most) {
    const int64_t end = std::min(size, start + most);
    Lanes even = all(0), odd = all(0);
    int64_t at = start;
    for (; at + 2 * kWidth <= end; at += 2 * kWidth) {
      const Lanes first = load(from + at), second = load(from + at + kWidth);
      even += first, odd += second;
      store(to + at, first), store(to + at + kWidth, second);
    }
    for (; at < end; at += kWidth) {
      const int64_t count = end - at;
      if (count >= kWidth) {
        const Lanes next = load(from + at);
        even += next, store(to + at, next);
      } else if (size >= kWidth) {  // the last whole vector once more, of which only the end counts
        const Lanes last = load(from + end - kWidth);
        odd += choose(kPlaces >= static_cast<int32_t>(kWidth - count), last, all(0));
        store(to + end - kWidth, last);
      } else {
        even += load(from + at, count);
        std::memcpy(to + at, from + at, count * sizeof(T));
      }
    }
    sum += static_cast<double>(lane_sum(even + odd));
  }
  return sum;
}

// The same for a map of less than a vector, where `kWidth` elements may be read and written.
template <typename T>
double copy_and_sum_whole(const T* from, T* to, int64_t size) {
  const Lanes all_of_it = load(from);
  store(to, all_of_it);
  return static_cast<double>(lane_sum(choose(kPlaces < static_cast<int32_t>(size), all_of_it, all(0))));
}

// x to the first channels of every sample of `out`, and the means of its maps: a sample's begin `row` after the last's.
template <typename T>
void copy_and_average(const Context& context, const T* x, T* out, float* means, int64_t row, const Sizes& sizes) {
  const int64_t maps = sizes.batch * sizes.channels, size = sizes.size, skipped = sizes.pairs() * size;
  const int64_t parts = std::min(maps, parts_of(maps * size * sizeof(T)));
  context.share(parts, [&](int64_t part) {
    const int64_t end = (part + 1) * maps / parts;
    for (int64_t map = part * maps / parts; map < end; ++map) {
      const T* from = x + map * size;
      T* to = out + map * size + map / sizes.channels * skipped;
      // What a small map writes too much, the next ones overwrite: those of this sample and of this part.
      const int64_t behind = std::min(end, (map / sizes.channels + 1) * sizes.channels) - map;
      const bool whole = size < kWidth && behind * size >= kWidth;
      const double sum = whole ? copy_and_sum_whole(from, to, size) : copy_and_sum(from, to, size);
      means[map / sizes.channels * row + map % sizes.channels] = static_cast<float>(sum / static_cast<double>(size));
    }
  });
}

// scores[c] = sum over t of taps[t] * means[c + t - count / 2]. `means` has count / 2 zeros before and behind it.
inline void score(const float* means, int64_t channels, const float* taps, int64_t count, float* scores) {
  thread_local std::vector<double> sums;
  sums.assign(channels, 0);
  for (int64_t t = 0; t < count; ++t) {
    const double tap = taps[t];
    const float* shifted = means + t - count / 2;
    for (int64_t c = 0; c < channels; ++c) sums[c] += tap * static_cast<double>(shifted[c]);
  }
  for (int64_t c = 0; c < channels; ++c) scores[c] = static_cast<float>(sums[c]);
}

// A score and its place as one number that grows with the score; of equal ones the lower place is the larger, as TopK
// has it. NaN is above all, -0 equals 0.
inline uint64_t key_of(float score, int64_t place) {
  uint32_t bits = 0;
  const float one = std::isnan(score) ? std::nanf("") : score + 0.0f;
  std::memcpy(&bits, &one, sizeof(bits));
  bits = bits >> 31 ? ~bits : bits | 0x80000000u;
  return static_cast<uint64_t>(bits) << 32 | static_cast<uint32_t>(~static_cast<uint32_t>(place));
}

// The places of the k highest scores, the highest first.
inline void highest(const float* scores, int64_t channels, int64_t k, int64_t* index) {
  thread_local std::vector<uint64_t> keys;
  keys.resize(channels);
  for (int64_t c = 0; c < channels; ++c) keys[c] = key_of(scores[c], c);
  std::nth_element(keys.begin(), keys.begin() + k, keys.end(), std::greater<uint64_t>());
  std::sort(keys.begin(), keys.begin() + k, std::greater<uint64_t>());
  for (int64_t i = 0; i < k; ++i) index[i] = static_cast<uint32_t>(~static_cast<uint32_t>(keys[i]));
}

// index (batch, n): the n channels of every sample that score highest; x is then in its place in `out`.
template <typename T>
std::vector<int64_t> select_and_copy(const Context& context, const T* x, const float* taps, int64_t count, T* out,
                                     const Sizes& sizes) {
  const int64_t margin = count / 2, row = sizes.channels + margin;  // zeros behind a sample's means and before the next's
  std::vector<float> means(margin + sizes.batch * row), scores(sizes.channels);
  std::vector<int64_t> index(sizes.batch * sizes.n);
  copy_and_average(context, x, out, means.data() + margin, row, sizes);
  for (int64_t b = 0; b < sizes.batch; ++b) {
    score(means.data() + margin + b * row, sizes.channels, taps, count, scores.data());
    highest(scores.data(), sizes.channels, sizes.n, index.data() + b * sizes.n);
  }
  return index;
}

// x to the first channels of every sample of `out`.
template <typename T>
void copy(const Context& context, const T* x, T* out, const Sizes& sizes) {
  const int64_t sample = sizes.channels * sizes.size, bytes = sizes.batch * sample * sizeof(T);
  const int64_t parts = parts_of(bytes);
  context.share(parts, [&](int64_t part) {
    for (int64_t at = part * sizes.batch * sample / parts, end = (part + 1) * sizes.batch * sample / parts; at < end;) {
      const int64_t b = at / sample, count = std::min(end, (b + 1) * sample) - at;
      std::memcpy(out + at + b * sizes.pairs() * sizes.size, x + at, count * sizeof(T));
      at += count;
    }
  });
}

}  // namespace opbench
