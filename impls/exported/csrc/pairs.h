// Index maths of the strict upper triangle: pairs are ordered row by row, (0,1), (0,2), ..., (0,n-1), (1,2), ...
#pragma once

#include <cstdint>

namespace opbench {

struct Pair {
  int64_t i, j;
};

// Up to here n(n-1), which is halved, fits an int64; a tensor without elements has any number of channels.
constexpr int64_t kMostChannels = 3037000500;
static_assert(kMostChannels - 1 <= INT64_MAX / kMostChannels && kMostChannels > INT64_MAX / (kMostChannels + 1));

inline int64_t pair_count(int64_t n) { return n < 2 ? 0 : n * (n - 1) / 2; }

// The number of pairs before (i, i + 1).
inline int64_t row_start(int64_t i, int64_t n) { return i * (2 * n - i - 1) / 2; }

inline int64_t pair_to_flat(int64_t i, int64_t j, int64_t n) { return row_start(i, n) + j - i - 1; }

// Pair p of n channels, by bisection over the rows: once a part, and exact for every n.
inline Pair pair_at(int64_t p, int64_t n) {
  int64_t low = 0, high = n - 2;
  while (low < high) {
    const int64_t middle = (low + high + 1) / 2;
    row_start(middle, n) <= p ? low = middle : high = middle - 1;
  }
  return {low, low + 1 + p - row_start(low, n)};
}

}  // namespace opbench
