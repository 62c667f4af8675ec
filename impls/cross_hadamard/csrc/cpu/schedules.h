// The schedules that divide the products otherwise than `flat`, to be compared with it.
//
// The published two are made for a GPU: a block of 32x32 threads makes one 32x32 tile of a product map, one element a
// thread, and thousands of blocks wait their turn. A CPU has few threads with wide vectors and prefetches along a
// row, so the tile becomes the whole map and the block a unit of work; which unit makes which maps stays as published.

#pragma once

#include "forward.h"

namespace opbench::OPBENCH_VARIANT {

// Calls `body(unit, write)` for every unit; write(first, second, to, count) makes one product map or a piece of one.
template <Stores stores, typename T, typename Pool, typename Body>
void share_units(const Pool& pool, const Sizes& sizes, int64_t units, const Body& body) {
  const int64_t elements = sizes.batch * pair_count(sizes.n) * sizes.size;
  const int64_t each = std::max<int64_t>(1, elements / units);
  pool.parallel_for(units, std::max<int64_t>(1, grain<T>() / each), [&](int64_t from, int64_t to) {
    for (int64_t unit = from; unit < to; ++unit) body(unit, multiply_row<stores, T>);
    if constexpr (stores == Stores::streaming) drain_streams();
  });
}

inline int64_t blocks(int64_t count, int64_t block) { return (count + block - 1) / block; }

// A unit makes one product map and finds its channels from the map's number.
template <Stores stores, typename Pool, typename T>
void multiply_direct(const Pool& pool, const T* z, T* out, const Sizes& sizes) {
  const int64_t n = sizes.n, size = sizes.size, pairs = pair_count(n);
  share_units<stores, T>(pool, sizes, sizes.batch * pairs, [&](int64_t unit, auto write) {
    const int64_t p = unit % pairs, i = first_channel(p, n), j = i + 1 + p - row_start(i, n);
    const T* channels = z + unit / pairs * n * size;
    write(channels + i * size, channels + j * size, out + unit * size, size);
  });
}

// A unit belongs to one channel and makes about half of the maps that channel has a part in: by the parity of the
// distance to the other channel, so that every pair is made once and all units have (n - 1) / 2 maps or half more.
template <Stores stores, typename Pool, typename T>
void multiply_balanced(const Pool& pool, const T* z, T* out, const Sizes& sizes) {
  const int64_t n = sizes.n, size = sizes.size, pairs = pair_count(n);
  share_units<stores, T>(pool, sizes, sizes.batch * n, [&](int64_t unit, auto write) {
    const int64_t b = unit / n, id = unit % n;
    const T* channels = z + b * n * size;
    T* maps = out + b * pairs * size;
    for (int64_t it = 0; it < n; ++it) {
      const bool before = it < id && (id - it) % 2 == 0, after = it > id && (it - id) % 2 == 1;
      if (!before && !after) continue;
      const int64_t i = before ? it : id, j = before ? id : it;
      write(channels + i * size, channels + j * size, maps + pair_to_flat(i, j, n) * size, size);
    }
  });
}

// A unit makes a piece of a kilobyte of all of a sample's maps, 8 x 8 channels at a time: the 16 pieces it reads then
// stay in the first-level cache (16 of 32 KiB) while 64 are written. On a GPU the same tile lives in registers.
template <Stores stores, typename Pool, typename T>
void multiply_blocked(const Pool& pool, const T* z, T* out, const Sizes& sizes) {
  constexpr int64_t tile = 8, piece = 1024 / static_cast<int64_t>(sizeof(T));
  const int64_t n = sizes.n, size = sizes.size, pairs = pair_count(n), pieces = blocks(size, piece);
  const int64_t tiles = blocks(n, tile), tile_pairs = tiles * (tiles + 1) / 2;
  share_units<stores, T>(pool, sizes, sizes.batch * pieces * tile_pairs, [&](int64_t unit, auto write) {
    const int64_t tile_pair = unit % tile_pairs, start = unit / tile_pairs % pieces * piece;
    const int64_t b = unit / tile_pairs / pieces, count = std::min(piece, size - start);
    // With the diagonal, tiles I <= J number like the pairs i < j of one channel more.
    const int64_t I = first_channel(tile_pair, tiles + 1), J = I + tile_pair - row_start(I, tiles + 1);
    const T* channels = z + b * n * size + start;
    T* maps = out + b * pairs * size + start;
    for (int64_t i = I * tile; i < std::min(n, (I + 1) * tile); ++i) {
      for (int64_t j = std::max(i + 1, J * tile); j < std::min(n, (J + 1) * tile); ++j) {
        write(channels + i * size, channels + j * size, maps + pair_to_flat(i, j, n) * size, count);
      }
    }
  });
}

template <Stores stores, typename Pool, typename T>
void multiply_stored(const Pool& pool, const T* z, T* out, const Sizes& sizes, Schedule schedule) {
  switch (schedule) {
    case Schedule::direct:
      return multiply_direct<stores>(pool, z, out, sizes);
    case Schedule::balanced:
      return multiply_balanced<stores>(pool, z, out, sizes);
    case Schedule::blocked:
      return multiply_blocked<stores>(pool, z, out, sizes);
    case Schedule::flat:
      return multiply_flat<stores>(pool, z, out, sizes);
  }
}

// z (B, n, S) -> out (B, P, S): the products of every pair of channels.
template <typename Pool, typename T>
void multiply(const Pool& pool, const T* z, T* out, const Sizes& sizes, Schedule schedule, Stores stores) {
  if (sizes.empty() || sizes.n < 2) return;
  stores == Stores::streaming ? multiply_stored<Stores::streaming>(pool, z, out, sizes, schedule)
                              : multiply_stored<Stores::cached>(pool, z, out, sizes, schedule);
}

}  // namespace opbench::OPBENCH_VARIANT
