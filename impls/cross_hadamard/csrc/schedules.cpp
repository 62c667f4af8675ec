// The schedules that divide the products otherwise than `flat`, to be compared with it.
//
// The published two are made for a GPU: a block of 32x32 threads makes one 32x32 tile of a product map, one element a
// thread, and thousands of blocks wait their turn. A CPU has few threads with wide vectors and prefetches along a
// row, so the tile becomes the whole map and the block a unit of work; which unit makes which maps stays as published.
#include <c10/util/BFloat16.h>
#include <c10/util/Half.h>

#include "cpu.h"
#include "memory.h"
#include "pairs.h"

namespace opbench {
namespace {

template <bool stream, typename T>
void product_map(const T* first, const T* second, T* out, int64_t count) {
  constexpr int64_t width = Vectorized<T>::size();
  int64_t at = 0;
  if constexpr (stream) {
    for (; at < count && !is_aligned(out + at); ++at) out[at] = first[at] * second[at];
  }
  for (; at + width <= count; at += width) {
    put<stream>(out + at, Vectorized<T>::loadu(first + at) * Vectorized<T>::loadu(second + at));
  }
  for (; at < count; ++at) out[at] = first[at] * second[at];
}

// Calls `body(unit, write)` for every unit; write(first, second, to, count) makes one product map or a piece of one.
template <typename T, typename Body>
void share_units(const Sizes& sizes, int64_t units, const Body& body) {
  const int64_t elements = sizes.batch * pair_count(sizes.n) * sizes.size;
  const bool stream = past_cache(elements * static_cast<int64_t>(sizeof(T)));
  const int64_t each = std::max<int64_t>(1, elements / units);
  at::parallel_for(0, units, std::max<int64_t>(1, grain<T>() / each), [&](int64_t from, int64_t to) {
    for (int64_t unit = from; unit < to; ++unit) body(unit, stream ? product_map<true, T> : product_map<false, T>);
    if (stream) drain_streams();
  });
}

int64_t blocks(int64_t count, int64_t block) { return (count + block - 1) / block; }

}  // namespace

// A unit makes one product map and finds its channels from the map's number.
template <typename T>
void multiply_direct(const T* z, T* out, const Sizes& sizes) {
  const int64_t n = sizes.n, size = sizes.size, pairs = pair_count(n);
  share_units<T>(sizes, sizes.batch * pairs, [&](int64_t unit, auto write) {
    const int64_t p = unit % pairs, i = first_channel(p, n), j = i + 1 + p - row_start(i, n);
    const T* channels = z + unit / pairs * n * size;
    write(channels + i * size, channels + j * size, out + unit * size, size);
  });
}

// A unit belongs to one channel and makes about half of the maps that channel has a part in: by the parity of the
// distance to the other channel, so that every pair is made once and all units have (n - 1) / 2 maps or half more.
template <typename T>
void multiply_balanced(const T* z, T* out, const Sizes& sizes) {
  const int64_t n = sizes.n, size = sizes.size, pairs = pair_count(n);
  share_units<T>(sizes, sizes.batch * n, [&](int64_t unit, auto write) {
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
template <typename T>
void multiply_blocked(const T* z, T* out, const Sizes& sizes) {
  constexpr int64_t tile = 8, piece = 1024 / static_cast<int64_t>(sizeof(T));
  const int64_t n = sizes.n, size = sizes.size, pairs = pair_count(n), pieces = blocks(size, piece);
  const int64_t tiles = blocks(n, tile), tile_pairs = tiles * (tiles + 1) / 2;
  share_units<T>(sizes, sizes.batch * pieces * tile_pairs, [&](int64_t unit, auto write) {
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

template <typename T>
void cross_hadamard(const T* z, T* out, const Sizes& sizes, Schedule schedule) {
  if (sizes.batch * pair_count(sizes.n) * sizes.size == 0) return;
  const auto run = schedule == Schedule::direct     ? multiply_direct<T>
                   : schedule == Schedule::balanced ? multiply_balanced<T>
                   : schedule == Schedule::blocked  ? multiply_blocked<T>
                                                    : multiply_flat<T>;
  run(z, out, sizes);
}

template void cross_hadamard(const float*, float*, const Sizes&, Schedule);
template void cross_hadamard(const double*, double*, const Sizes&, Schedule);
template void cross_hadamard(const c10::Half*, c10::Half*, const Sizes&, Schedule);
template void cross_hadamard(const c10::BFloat16*, c10::BFloat16*, const Sizes&, Schedule);

}  // namespace opbench
