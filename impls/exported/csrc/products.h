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

// One product map, `count` of it to `to`, where `room` elements may be overwritten.
template <typename Value, typename T>
inline void write_map(const Value& value, const float* first, const float* second, T* to, int64_t count, int64_t room) {
  int64_t at = 0;
  const int64_t whole = std::min((count + kWidth - 1) / kWidth * kWidth, room / kWidth * kWidth);
  for (; at < whole; at += kWidth) store(to + at, value(load(first + at) * load(second + at)));
  if (at < count) store(to + at, value(load(first + at) * load(second + at)), count - at);
}

// Maps [begin, end) of sample b at the tile's positions. value(p) gives what to do with the products of pair p.
template <typename T, typename Values>
void write_maps(const float* rows, const Tile& tile, const Sizes& sizes, T* sample, int64_t begin, int64_t end,
                const Values& values) {
  if (begin == end) return;
  const bool whole = tile.count == sizes.size;
  T* to = sample + (sizes.kept + begin) * sizes.size + tile.start;
  Pair pair = pair_at(begin, sizes.n);
  for (int64_t p = begin; p < end; ++p, to += sizes.size, pair = next(pair, sizes.n)) {
    // What the last vector of a map writes too much, the next map of this part overwrites.
    const int64_t room = whole ? (end - p) * sizes.size : tile.count;
    write_map(values(p), rows + pair.i * tile.stride(), rows + pair.j * tile.stride(), to, tile.count, room);
  }
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
    return [=](const Lanes& product) { return Norm::value(within(alpha * product, kFar)) * weight + bias; };
  }
};

// The product itself.
struct Plain {
  auto operator()(int64_t) const {
    return [](const Lanes& product) { return product; };
  }
};

}  // namespace opbench
