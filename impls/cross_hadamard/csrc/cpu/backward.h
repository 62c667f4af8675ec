// The gradient of the products. A unit of work is a sample's tile of positions: its channels and the sums of their
// gradients stay in the cache while all pairs pass by once, so that grad, the large one, is read from memory once.
// Every element has one owner who adds up in the order of the pairs: the same bits at any number of threads.

#pragma once

#include "pairs.h"
#include "positions.h"
#include "vector/memory.h"

namespace opbench::OPBENCH_VARIANT {

// Bytes of grad worth a thread of their own: 119 KiB take one thread 7.5 us and two 10.
constexpr int64_t kBackwardPart = int64_t{128} << 10;

// Adds grad * z_j to the sum of i, and grad * z_i to the sum of j, along one map's positions; `next` is the next map.
template <typename T, typename Sum = Accumulate<T>>
inline void add_pair(const T* grad, const Sum* z_i, const Sum* z_j, Sum* sum_i, Sum* sum_j, int64_t count,
                     const T* next) {
  using V = Vec<Sum>;
  for (int64_t s = 0; s < count; s += Wide<T>::width) {
    const auto parts = Wide<T>::load(grad + s, count - s);
    prefetch(next + s);
    for (int64_t part = 0; part < Wide<T>::parts; ++part) {
      const int64_t at = s + part * Wide<T>::part;
      multiply_add(parts[part], V::load(z_j + at), V::load(sum_i + at)).store(sum_i + at);
      multiply_add(parts[part], V::load(z_i + at), V::load(sum_j + at)).store(sum_j + at);
    }
  }
}

template <typename Pool, typename T>
void multiply_backward(const Pool& pool, const T* grad, const T* x, const int64_t* index, T* grad_x, const Sizes& sizes) {
  using Sum = Accumulate<T>;
  if (sizes.empty()) return;
  const int64_t n = sizes.n, size = sizes.size, pairs = pair_count(n), channels = sizes.channels;
  const int64_t most = positions_at_a_time<T>(pool, sizes, fitting_nearest<T>(2 * n)), tiles = (size + most - 1) / most;
  const int64_t each = std::max<int64_t>(1, (channels + pairs) * most), row = row_stride<T>(most);
  pool.parallel_for(sizes.batch * tiles, units_a_thread<T>(kBackwardPart, each), [&](int64_t from, int64_t to) {
    const Scratch<Sum> scratch(2 * n * row);
    Choices choices(sizes);
    for (int64_t unit = from; unit < to; ++unit) {
      const int64_t b = unit / tiles, start = unit % tiles * most, count = std::min(most, size - start);
      const int64_t stride = row_stride<T>(count);
      const int64_t* chosen = index == nullptr ? nullptr : index + b * n;
      Sum *z = scratch.data(), *sums = z + n * stride;
      pack(x + b * channels * size, chosen, sizes, {start, count}, z);
      std::fill(sums, sums + n * stride, Sum{0});
      const T* map = grad + b * pairs * size + start;
      for (int64_t i = 0; i < n; ++i) {
        for (int64_t j = i + 1; j < n; ++j, map += size) {
          add_pair(map, z + i * stride, z + j * stride, sums + i * stride, sums + j * stride, count,
                   map + size);
        }
      }
      choices.load(chosen);
      write_gradient<T>(sums, choices, nullptr, grad_x + b * channels * size, sizes, {start, count});
    }
  });
}

}  // namespace opbench::OPBENCH_VARIANT
