// The kernels: products of pairs of channels, normalised or not, written behind x or alone.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <vector>

#include "norms.h"
#include "pairs.h"
#include "threads.h"

namespace opbench {

// x (batch, channels, size), of which n are multiplied: pairs = n(n-1)/2 maps a sample, behind `kept` maps of x.
struct Sizes {
  int64_t batch, channels, n, size, kept;
  int64_t pairs() const { return pair_count(n); }
  int64_t maps() const { return kept + pairs(); }
  // Asked of each, because the product of the others may be too large for an int64 where one is 0.
  bool empty() const { return batch == 0 || channels == 0 || size == 0; }
};

// Of the normalised products f(alpha * z_i * z_j) * weight[p] + bias[p]; weight and bias (P,).
struct Affine {
  float alpha;
  const float *weight, *bias;
};

enum class Schedule { flat, direct, balanced };

// What this thread packed last, kept between calls: parts of one unit that meet the same thread pack once.
struct Packed {
  std::vector<float> rows;
  uint64_t call = 0;
  int64_t unit = 0;
};

inline uint64_t next_call() {
  static std::atomic<uint64_t> calls{0};
  return ++calls;
}

// Positions [start, start + count) of the selected maps of a sample, as rows of floats in whole vectors.
struct Tile {
  int64_t start, count;
  int64_t stride() const { return (count + kWidth - 1) / kWidth * kWidth + kWidth; }  // never 4 KiB apart
};

template <typename T>
const float* pack(const T* x, const int64_t* index, const Sizes& sizes, const Tile& tile, uint64_t call, int64_t unit) {
  thread_local Packed kept;
  if (kept.call == call && kept.unit == unit) return kept.rows.data();
  const int64_t needed = sizes.n * tile.stride();
  if (static_cast<int64_t>(kept.rows.size()) < needed) kept.rows.resize(needed);
  kept.call = call, kept.unit = unit;
  float* rows = kept.rows.data();
  for (int64_t i = 0; i < sizes.n; ++i) {
    const T* map = x + (index == nullptr ? i : index[i]) * sizes.size + tile.start;
    float* row = rows + i * tile.stride();
    int64_t at = 0;
    for (; at + kWidth <= tile.count; at += kWidth) store(row + at, load(map + at));
    if (at < tile.count) store(row + at, load(map + at, tile.count - at));
  }
  return rows;
}

// Bytes of packed rows that stay in a second-level cache of 1 MiB beside what streams by.
constexpr int64_t kTile = int64_t{256} << 10;

inline int64_t positions_at_a_time(const Sizes& sizes) {
  const int64_t fitting = std::max<int64_t>(1, kTile / (std::max<int64_t>(1, sizes.n) * 4 * kWidth)) * kWidth;
  return std::min(sizes.size, fitting);
}

inline int64_t round_up(int64_t count) { return (count + kWidth - 1) / kWidth * kWidth; }

// The end of one product map, or all of it, where not an element beyond `count` may be written.
template <typename Value, typename T>
void write_exactly(const Value& value, const float* first, const float* second, T* to, int64_t count) {
  int64_t at = 0;
  for (; at + kWidth <= count; at += kWidth) store(to + at, value(load(first + at) * load(second + at)));
  if (at < count) store(to + at, value(load(first + at) * load(second + at)), count - at);
}

// Maps [begin, end) of sample b at the tile's positions. value(p) gives what to do with the products of pair p.
// `vectors` is how many a map has, 0 for as many as it needs: of maps of 3x3 the first factor then stays in a register.
template <int64_t vectors, typename T, typename Values>
void write_rows(const float* rows, const Tile& tile, const Sizes& sizes, T* to, int64_t begin, int64_t end,
                const Values& values) {
  const int64_t stride = tile.stride(), size = sizes.size, full = vectors ? vectors * kWidth : round_up(tile.count);
  // What the last vector of a map writes too much, the next maps of this part overwrite; the last ones have none.
  const int64_t safe = tile.count == size ? end - (full - 1) / size : full == tile.count ? end : begin;
  Pair pair = pair_at(begin, sizes.n);
  for (int64_t p = begin; p < end; pair = {pair.i + 1, pair.i + 2}) {
    const float* first = rows + pair.i * stride;
    const float* second = rows + pair.j * stride;
    const int64_t last = std::min(end, p + sizes.n - pair.j);
    for (; p < std::min(last, safe); ++p, to += size, second += stride) {
      const auto value = values(p);
      for (int64_t at = 0; at < full; at += kWidth) store(to + at, value(load(first + at) * load(second + at)));
    }
    for (; p < last; ++p, to += size, second += stride) write_exactly(values(p), first, second, to, tile.count);
  }
}

template <typename T, typename Values>
void write_maps(const float* rows, const Tile& tile, const Sizes& sizes, T* sample, int64_t begin, int64_t end,
                const Values& values) {
  if (begin == end) return;
  T* to = sample + (sizes.kept + begin) * sizes.size + tile.start;
  tile.count <= kWidth ? write_rows<1>(rows, tile, sizes, to, begin, end, values)
                       : write_rows<0>(rows, tile, sizes, to, begin, end, values);
}

// All products of the batch, shared by threads in equal pieces of the output. x, index and out are whole tensors.
template <typename T, typename Values>
void write_products(const Context& context, const T* x, const int64_t* index, T* out, const Sizes& sizes,
                    const Values& values) {
  const int64_t most = positions_at_a_time(sizes), tiles = (sizes.size + most - 1) / most;
  const int64_t units = sizes.batch * tiles, bytes = sizes.batch * sizes.pairs() * sizes.size * sizeof(T);
  const int64_t each = std::max<int64_t>(1, std::min(sizes.pairs(), (parts_of(bytes) + units - 1) / units));
  const uint64_t call = next_call();
  context.share(units * each, [&](int64_t part) {
    const int64_t unit = part / each, b = unit / tiles, start = unit % tiles * most;
    const int64_t begin = part % each * sizes.pairs() / each, end = (part % each + 1) * sizes.pairs() / each;
    const Tile tile{start, std::min(most, sizes.size - start)};
    const int64_t* chosen = index == nullptr ? nullptr : index + b * sizes.n;
    const float* rows = pack(x + b * sizes.channels * sizes.size, chosen, sizes, tile, call, unit);
    write_maps(rows, tile, sizes, out + b * sizes.maps() * sizes.size, begin, end, values);
  });
}

// f(alpha * product) * weight[p] + bias[p].
template <typename Norm>
struct Normalised {
  Affine affine;
  auto operator()(int64_t p) const {
    const Lanes alpha = all(affine.alpha), weight = all(affine.weight[p]), bias = all(affine.bias[p]);
    return [=](const Lanes& product) { return Norm::value(alpha * product) * weight + bias; };
  }
};

// The product itself.
struct Plain {
  auto operator()(int64_t) const {
    return [](const Lanes& product) { return product; };
  }
};

}  // namespace opbench
