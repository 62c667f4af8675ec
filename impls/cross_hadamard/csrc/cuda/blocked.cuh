// Ours for maps that divide into vectors. A thread keeps `tile` channels j of one spatial vector in registers, walks
// tile * group channels i past them and writes all their products: with tile 8 and group 1 it reads 16 vectors and
// writes 64, where `direct` reads 128.
//
// The channels i are walked and not kept: each is used for one row of the tile only, so keeping it would cost
// registers and save nothing. The next one is loaded before this one's products are stored.
#pragma once

#include "channels.cuh"
#include "epilogues.cuh"
#include "index.cuh"

namespace opbench {

constexpr int kBlockedThreads = 256;

template <typename T, int width, int tile, typename Epilogue>
__device__ inline void blocked_tile(const Channels<T>& z, const Epilogue& epilogue, T* out, i64 n, i64 size, i64 offset,
                                    TilePair at, i64 rows) {
  const int begin = at.column * tile, end = begin + tile < n ? begin + tile : static_cast<int>(n);
  Vec<T, width> second[tile];
#pragma unroll
  for (int k = 0; k < tile; ++k) {
    if (begin + k < end) second[k] = z.template at<width>(begin + k, offset);
  }
  const i64 first = at.row * rows;
  const int stop = first + rows < end - 1 ? static_cast<int>(first + rows) : end - 1;
  int i = static_cast<int>(first);
  Vec<T, width> next = z.template at<width>(i, offset);
  for (; i < stop; ++i) {
    const Vec<T, width> own = next;
    if (i + 1 < stop) next = z.template at<width>(i + 1, offset);
    const i64 p = row_start<i64>(i, n) + begin - i - 1;
    T* to = out + p * size + offset;
#pragma unroll
    for (int k = 0; k < tile; ++k) {
      if (begin + k > i && begin + k < end) {
        store_streaming<T, width>(to + k * size,
                                  epilogue.template operator()<width>(own, second[k], epilogue.of(p + k)));
      }
    }
  }
}

// One work item a thread, numbered (b, tile pair, spatial vector) with the vector fastest, so that a small map leaves
// no lane idle. Where the epilogue copies, the copies of x's vectors come first. size % width == 0, and x and out are
// aligned to a vector.
template <typename T, int width, int tile, typename Epilogue>
__global__ void __launch_bounds__(kBlockedThreads, 2)
    blocked(const T* __restrict__ x, const i64* __restrict__ index, const Acc<T>* alpha, const Acc<T>* weight,
            const Acc<T>* bias, T* __restrict__ out, i64 batch, i64 channels, i64 n, i64 size, i64 group) {
  i64 item = static_cast<i64>(blockIdx.x) * blockDim.x + threadIdx.x;
  const i64 vectors = divide(size, width), lead = Epilogue::copies ? channels : 0;
  const i64 sample = (lead + pair_count(n)) * size;
  if (Epilogue::copies) {
    const i64 copied = channels * vectors;
    if (item < batch * copied) {
      const i64 b = divide(item, copied);
      store_streaming<T, width>(out + b * sample + (item - b * copied) * width, load<T, width>(x + item * width));
      return;
    }
    item -= batch * copied;
  }
  const i64 tiles = tile_pair_count((n + tile - 1) / tile, group);
  if (item >= batch * tiles * vectors) return;
  const i64 t = divide(item, vectors), b = divide(t, tiles);
  const Channels<T> z(x, index, b, channels, n, size);
  blocked_tile<T, width, tile>(z, Epilogue(alpha, weight, bias), out + b * sample + lead * size, n, size,
                               (item - t * vectors) * width, tile_pair_of(t - b * tiles, group), group * tile);
}

}  // namespace opbench
