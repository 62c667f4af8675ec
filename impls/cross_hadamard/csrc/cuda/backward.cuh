// grad_x[b, c] = sum over positions i of channel c of sum over j != i of grad[b, pair(i, j)] * z[b, j], plus the
// copied channels' gradient in ach_expand. Two ways, both without atomics and in a fixed order:
//
//   columns  a thread owns `width` spatial positions and walks every pair once, so grad is read from DRAM exactly once.
//            Its sums lie in shared memory, one per position; those of the `tile` channels j at hand in registers. In
//            ach_expand it makes the parameters' sums on the way.
//   owner    a thread owns one element of grad_x. Each grad is read twice, by both its owners: for small maps, which
//            have too few columns to fill the device and whose second read comes from the L2. That of ach_expand is
//            `expand_owner`.
#pragma once

#include "channels.cuh"
#include "index.cuh"
#include "pair_sums.cuh"
#include "slopes.cuh"

namespace opbench {

constexpr int kColumnThreads = 128;
constexpr int kOwnerThreads = 256;

// The block's sums: [position][thread][width]. A thread reads and writes its own only.
template <typename T, int width>
struct Sums {
  Acc<T>* memory;
  __device__ Acc<T>* at(int position) const { return memory + (position * blockDim.x + threadIdx.x) * width; }
  __device__ void add(int position, const Acc<T>* values) const {
    if (position < 0) return;
#pragma unroll
    for (int k = 0; k < width; ++k) at(position)[k] += values[k];
  }
};

// Pairs (i, j) of one tile of channels j with every i before them.
template <typename T, int width, typename Scale>
struct ColumnTile {
  typedef Acc<T> A;
  static constexpr int tile = Scale::tile;
  const T* grad;
  Channels<T> z;
  Scale scale;
  Sums<T, width> sums;
  PairSums<A> reduction;
  const int* slots;
  A* part;  // of the parameters' sums
  i64 n, size, offset;
  bool inside;  // whether the thread's positions are; only where it reduces with others do threads without come here

  // What row i adds: `a` is its channel, `g` its gradients with channels begin + k < end after it.
  __device__ void row(int i, int begin, int end, const Vec<T, width>& a, const Vec<T, width> (&g)[tile],
                      const Vec<T, width> (&second)[tile], A (&first_sum)[width], A (&second_sums)[tile][width]) const {
    const i64 p = row_start<i64>(i, n) + begin - i - 1;
    PairValues<A> values;
    if constexpr (Scale::copies) values.clear();
#pragma unroll
    for (int k = 0; k < tile; ++k) {
      if (begin + k <= i || begin + k >= end || !inside) continue;
      const A factor = scale.of(p + k);
#pragma unroll
      for (int v = 0; v < width; ++v) {
        const A one = widen(a[v]), other = widen(second[k][v]), from = widen(g[k][v]);
        A scaled;
        if constexpr (Scale::copies) {
          scaled = scale(from, one * other, factor, values, k);
        } else {
          scaled = scale(from, one * other, factor);
        }
        first_sum[v] += scaled * other;
        second_sums[k][v] += scaled * one;
      }
    }
    if constexpr (Scale::copies) {
      reduction.write(values, part + p, scale.weight(p), pair_count(n), i < begin ? 0 : i - begin + 1, end - begin);
    }
  }

  __device__ void walk(int begin) const {
    const int end = begin + tile < n ? begin + tile : static_cast<int>(n);
    Vec<T, width> second[tile];
    A second_sums[tile][width] = {};
#pragma unroll
    for (int k = 0; k < tile; ++k) {
      if (begin + k < end && inside) second[k] = z.template at<width>(begin + k, offset);
    }
    for (int i = 0; i < end - 1; ++i) {
      const T* from = grad + (row_start<i64>(i, n) + begin - i - 1) * size + offset;
      Vec<T, width> first = all<T, width>(0), g[tile];
      if (inside) first = z.template at<width>(i, offset);
      A first_sum[width] = {};
#pragma unroll
      for (int k = 0; k < tile; ++k) {  // all loads before the first use
        if (begin + k > i && begin + k < end && inside) g[k] = load<T, width>(from + k * size);
      }
      row(i, begin, end, first, g, second, first_sum, second_sums);
      sums.add(slots[i], first_sum);
    }
#pragma unroll
    for (int k = 0; k < tile; ++k) {
      if (begin + k < end) sums.add(slots[begin + k], second_sums[k]);
    }
  }
};

// Where positions and channels keep their sums. slots[j] is the first position with position j's channel, so that a
// repeated index adds up, -1 for a channel outside [0, C); owners[c] is channel c's, -1 where it is not selected.
template <typename T>
__device__ inline void map_slots(const Channels<T>& z, int* slots, int* owners, i64 channels, i64 n) {
  for (int c = threadIdx.x; c < channels; c += blockDim.x) {
    int j = z.selected() ? 0 : c;
    while (j < n && z.channel(j) != c) ++j;
    owners[c] = j < n ? j : -1;
  }
  __syncthreads();
  for (int j = threadIdx.x; j < n; j += blockDim.x) {
    const i64 c = z.channel(j);
    slots[j] = c < 0 ? -1 : owners[c];
  }
}

// Grid (ceil(S / width / threads), B). parameter_sums: (B * gridDim.x, 3, P), of ach_expand only. Shared: there
// (kSummed + 1) reals a thread; then sums, n + C ints.
template <typename T, int width, typename Scale>
__global__ void __launch_bounds__(kColumnThreads, 2)
    columns(const T* __restrict__ grad, const T* __restrict__ x, const i64* __restrict__ index, const Acc<T>* alpha,
            const Acc<T>* weight, T* __restrict__ grad_x, Acc<T>* __restrict__ parameter_sums, i64 batch, i64 channels,
            i64 n, i64 size) {
  typedef Acc<T> A;
  OPBENCH_SHARED(memory);
  const PairSums<A> reduction{reinterpret_cast<A*>(memory)};
  const Sums<T, width> sums{Scale::copies ? reduction.end() : reduction.memory};
  int* slots = reinterpret_cast<int*>(sums.memory + n * blockDim.x * width);
  int* owners = slots + n;
  const i64 lead = Scale::copies ? channels : 0, pairs = pair_count(n);
  const i64 offset = (static_cast<i64>(blockIdx.x) * blockDim.x + threadIdx.x) * width;
  const bool inside = offset < size;
  for (i64 b = blockIdx.y; b < batch; b += gridDim.y) {
    const Channels<T> z(x, index, b, channels, n, size);
    __syncthreads();  // the sample before is done with
    map_slots(z, slots, owners, channels, n);
    __syncthreads();
    if (!Scale::copies && !inside) continue;
    for (int j = 0; j < n; ++j) {
      for (int k = 0; k < width; ++k) sums.at(j)[k] = 0;
    }
    const T* sample = grad + b * (lead + pairs) * size;
    const ColumnTile<T, width, Scale> tile{sample + lead * size,
                                           z,
                                           Scale(alpha, weight),
                                           sums,
                                           reduction,
                                           slots,
                                           parameter_sums + (b * gridDim.x + blockIdx.x) * 3 * pairs,
                                           n,
                                           size,
                                           offset,
                                           inside};
    for (int begin = 0; begin < n; begin += Scale::tile) tile.walk(begin);
    if (!inside) continue;
    for (i64 c = 0; c < channels; ++c) {
      Vec<T, width> total = lead ? load<T, width>(sample + c * size + offset) : all<T, width>(0);
      if (owners[c] >= 0) {
        const A* sum = sums.at(owners[c]);
#pragma unroll
        for (int k = 0; k < width; ++k) total[k] = narrow<T>(widen(total[k]) + sum[k]);
      }
      store<T, width>(grad_x + (b * channels + c) * size + offset, total);
    }
  }
}

// sum over j != i of the gradient of pair (i, j) * z_j at one spatial position.
template <typename T>
__device__ inline Acc<T> partners(const T* grad, const Channels<T>& z, i64 i, i64 n, i64 size, i64 s) {
  Acc<T> sum = 0;
#pragma unroll 4
  for (i64 j = 0; j < n; ++j) {
    if (j == i) continue;
    const i64 p = j < i ? row_start<i64>(j, n) + i - j - 1 : row_start<i64>(i, n) + j - i - 1;
    sum += widen(load_one(grad + p * size + s)) * widen(z.template at<1>(j, s)[0]);
  }
  return sum;
}

// The product's: one element of grad_x (B, C, S) a thread.
template <typename T>
__global__ void __launch_bounds__(kOwnerThreads)
    owner(const T* __restrict__ grad, const T* __restrict__ x, const i64* __restrict__ index, T* __restrict__ grad_x,
          i64 batch, i64 channels, i64 n, i64 size) {
  const i64 item = static_cast<i64>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (item >= batch * channels * size) return;
  const i64 map = divide(item, size), s = item - map * size, b = divide(map, channels), c = map - b * channels;
  const T* sample = grad + b * pair_count(n) * size;
  const Channels<T> z(x, index, b, channels, n, size);
  Acc<T> total = 0;
  if (z.selected()) {
    for (i64 i = 0; i < n; ++i) {
      if (z.channel(i) == c) total += partners(sample, z, i, n, size, s);
    }
  } else {
    total += partners(sample, z, c, n, size, s);
  }
  store<T, 1>(grad_x + item, single(narrow<T>(total)));
}

}  // namespace opbench
