// The paper's two schedules of the plain product, to be compared with the flat one: which thread makes which maps.
//
// On a GPU their unit is a block of threads. Here it is one call of the pool's function, which makes whole maps.
#pragma once

#include "products.h"

namespace opbench {

// All selected maps of the batch as packed rows; the schedules' units are too small to pack their own.
template <typename T>
std::vector<float> packed(const T* x, const int64_t* index, const Sizes& sizes) {
  const Tile tile{0, sizes.size};
  std::vector<float> rows(sizes.batch * sizes.n * tile.stride());
  const uint64_t call = next_call();
  for (int64_t b = 0; b < sizes.batch; ++b) {
    const int64_t* chosen = index == nullptr ? nullptr : index + b * sizes.n;
    const float* found = pack(x + b * sizes.channels * sizes.size, chosen, sizes, tile, call, b);
    std::copy_n(found, sizes.n * tile.stride(), rows.begin() + b * sizes.n * tile.stride());
  }
  return rows;
}

// A unit makes one product map and finds its channels from the map's number.
template <typename T>
void write_direct(const Context& context, const float* rows, T* out, const Sizes& sizes) {
  const Tile tile{0, sizes.size};
  context.share(sizes.batch * sizes.pairs(), [&](int64_t unit) {
    const int64_t b = unit / sizes.pairs(), p = unit % sizes.pairs();
    write_maps(rows + b * sizes.n * tile.stride(), tile, sizes, out + b * sizes.pairs() * sizes.size, p, p + 1, Plain());
  });
}

// A unit belongs to one channel and makes the maps whose other channel lies before at an even distance or behind at an
// odd one: every pair once, and (n - 1) / 2 maps a unit, or half a map more or less.
template <typename T>
void write_balanced(const Context& context, const float* rows, T* out, const Sizes& sizes) {
  const Tile tile{0, sizes.size};
  context.share(sizes.batch * sizes.n, [&](int64_t unit) {
    const int64_t b = unit / sizes.n, id = unit % sizes.n;
    for (int64_t it = 0; it < sizes.n; ++it) {
      const bool before = it < id && (id - it) % 2 == 0, behind = it > id && (it - id) % 2 == 1;
      if (!before && !behind) continue;
      const int64_t p = before ? pair_to_flat(it, id, sizes.n) : pair_to_flat(id, it, sizes.n);
      write_maps(rows + b * sizes.n * tile.stride(), tile, sizes, out + b * sizes.pairs() * sizes.size, p, p + 1,
                 Plain());
    }
  });
}

// The plain products by one of the schedules.
template <typename T>
void multiply(const Context& context, const T* x, const int64_t* index, T* out, const Sizes& sizes, Schedule schedule) {
  if (schedule == Schedule::flat) return write_products(context, x, index, out, sizes, Plain());
  const std::vector<float> rows = packed(x, index, sizes);
  schedule == Schedule::direct ? write_direct(context, rows.data(), out, sizes)
                               : write_balanced(context, rows.data(), out, sizes);
}

}  // namespace opbench
