// Index maths of the strict upper triangle: pairs are ordered row by row, (0,1), (0,2), ..., (0,n-1), (1,2), ...
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace opbench {

// Up to here n(n-1), which is halved, fits an int64. Memory is no bound: a tensor without elements has any number of
// channels, and so has one with a stride of 0.
constexpr int64_t kMostChannels = 3037000500;
static_assert(kMostChannels - 1 <= INT64_MAX / kMostChannels && kMostChannels > INT64_MAX / (kMostChannels + 1));

// The position of pair (i, i + 1), and for i = n - 1 the number of pairs.
inline int64_t row_start(int64_t i, int64_t n) { return i * (2 * n - i - 1) / 2; }

// n up to kMostChannels, as everywhere here; tensors ask checked_pairs.
inline int64_t pair_count(int64_t n) { return n < 2 ? 0 : row_start(n - 1, n); }

inline int64_t pair_to_flat(int64_t i, int64_t j, int64_t n) { return row_start(i, n) + j - i - 1; }

// The first channel of pair p: the floating root is within one of the answer, integers decide.
inline int64_t first_channel(int64_t p, int64_t n) {
  const double m = 2.0 * static_cast<double>(n) - 1.0;
  auto i = static_cast<int64_t>((m - std::sqrt(std::max(0.0, m * m - 8.0 * static_cast<double>(p)))) / 2.0);
  i = std::clamp<int64_t>(i, 0, n - 2);
  while (i > 0 && row_start(i, n) > p) --i;
  while (row_start(i + 1, n) <= p) ++i;
  return i;
}

}  // namespace opbench
