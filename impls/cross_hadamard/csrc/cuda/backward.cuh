// grad_x[b, c] = sum over positions i of channel c of sum over j != i of grad[b, pair(i, j)] * z[b, j], plus the
// copied channels' gradient in ach_expand. Two ways, both without atomics and in a fixed order:
//
//   columns  a thread owns `width` spatial positions and walks every pair once, so grad is read from DRAM exactly once.
//            Its sums lie in shared memory, one per position; those of the `tile` channels j at hand in registers.
//   owner    a thread owns one element of grad_x. Each grad is read twice, by both its owners: for small maps, which
//            have too few columns to fill the device and whose second read comes from the L2.
#pragma once

#include "channels.cuh"
#include "index.cuh"
#include "slopes.cuh"

namespace opbench {

constexpr int kColumnThreads = 128;
constexpr int kColumnTile = 16;
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
__device__ inline void column_tile(const T* grad, const Channels<T>& z, const Scale& scale, const Sums<T, width>& sums,
                                   const int* slots, int begin, i64 n, i64 size, i64 offset) {
  typedef Acc<T> A;
  const int end = begin + kColumnTile < n ? begin + kColumnTile : static_cast<int>(n);
  Vec<T, width> second[kColumnTile];
  A second_sums[kColumnTile][width] = {};
#pragma unroll
  for (int k = 0; k < kColumnTile; ++k) {
    if (begin + k < end) second[k] = z.template at<width>(begin + k, offset, A(0));
  }
  for (int i = 0; i < end - 1; ++i) {
    const i64 p = row_start<i64>(i, n) + begin - i - 1;
    const T* from = grad + p * size + offset;
    const Vec<T, width> first = z.template at<width>(i, offset, A(0));
    A first_sum[width] = {};
    Vec<T, width> g[kColumnTile];
#pragma unroll
    for (int k = 0; k < kColumnTile; ++k) {  // all loads before the first use
      if (begin + k > i && begin + k < end) g[k] = load<T, width>(from + k * size);
    }
#pragma unroll
    for (int k = 0; k < kColumnTile; ++k) {
      if (begin + k <= i || begin + k >= end) continue;
      const A factor = scale.of(p + k);
#pragma unroll
      for (int v = 0; v < width; ++v) {
        const A a = widen(first[v]), b = widen(second[k][v]), scaled = scale(widen(g[k][v]), a * b, factor);
        first_sum[v] += scaled * b;
        second_sums[k][v] += scaled * a;
      }
    }
    sums.add(slots[i], first_sum);
  }
#pragma unroll
  for (int k = 0; k < kColumnTile; ++k) {
    if (begin + k < end) sums.add(slots[begin + k], second_sums[k]);
  }
}

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

// Grid (ceil(S / width / threads), B). Shared: sums, then n + C ints.
template <typename T, int width, typename Scale>
__global__ void __launch_bounds__(kColumnThreads, 2)
    columns(const T* __restrict__ grad, const T* __restrict__ x, const i64* __restrict__ index, const Acc<T>* alpha,
            const Acc<T>* weight, T* __restrict__ grad_x, i64 batch, i64 channels, i64 n, i64 size) {
  OPBENCH_SHARED(memory);
  const Sums<T, width> sums{reinterpret_cast<Acc<T>*>(memory)};
  int* slots = reinterpret_cast<int*>(sums.memory + n * blockDim.x * width);
  int* owners = slots + n;
  const i64 lead = Scale::copies ? channels : 0;
  const i64 offset = (static_cast<i64>(blockIdx.x) * blockDim.x + threadIdx.x) * width;
  for (i64 b = blockIdx.y; b < batch; b += gridDim.y) {
    const Channels<T> z(x, index, b, channels, n, size);
    __syncthreads();  // the sample before is done with
    map_slots(z, slots, owners, channels, n);
    __syncthreads();
    if (offset >= size) continue;
    for (int j = 0; j < n; ++j) {
      for (int k = 0; k < width; ++k) sums.at(j)[k] = 0;
    }
    const T* sample = grad + b * (lead + pair_count(n)) * size;
    const Scale scale(alpha, weight);
    for (int begin = 0; begin < n; begin += kColumnTile) {
      column_tile<T, width>(sample + lead * size, z, scale, sums, slots, begin, n, size, offset);
    }
    for (i64 c = 0; c < channels; ++c) {
      Vec<T, width> total = lead ? load<T, width>(sample + c * size + offset) : all<T, width>(0);
      if (owners[c] >= 0) {
        const Acc<T>* sum = sums.at(owners[c]);
#pragma unroll
        for (int k = 0; k < width; ++k) total[k] = narrow<T>(widen(total[k]) + sum[k]);
      }
      store<T, width>(grad_x + (b * channels + c) * size + offset, total);
    }
  }
}

// sum over j != i of the gradient of pair (i, j) * z_j at one spatial position.
template <typename T, typename Scale>
__device__ inline Acc<T> partners(const T* grad, const Channels<T>& z, const Scale& scale, i64 i, i64 n, i64 size,
                                  i64 s) {
  const Acc<T> own = widen(z.template at<1>(i, s, Acc<T>(0))[0]);
  Acc<T> sum = 0;
#pragma unroll 4
  for (i64 j = 0; j < n; ++j) {
    if (j == i) continue;
    const i64 p = j < i ? row_start<i64>(j, n) + i - j - 1 : row_start<i64>(i, n) + j - i - 1;
    const Acc<T> other = widen(z.template at<1>(j, s, Acc<T>(0))[0]);
    sum += scale(widen(load_one(grad + p * size + s)), own * other, scale.of(p)) * other;
  }
  return sum;
}

// One element of grad_x (B, C, S) a thread.
template <typename T, typename Scale>
__global__ void __launch_bounds__(kOwnerThreads)
    owner(const T* __restrict__ grad, const T* __restrict__ x, const i64* __restrict__ index, const Acc<T>* alpha,
          const Acc<T>* weight, T* __restrict__ grad_x, i64 batch, i64 channels, i64 n, i64 size) {
  const i64 item = static_cast<i64>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (item >= batch * channels * size) return;
  const i64 map = divide(item, size), s = item - map * size, b = divide(map, channels), c = map - b * channels;
  const i64 lead = Scale::copies ? channels : 0;
  const T* sample = grad + b * (lead + pair_count(n)) * size;
  const Channels<T> z(x, index, b, channels, n, size);
  const Scale scale(alpha, weight);
  Acc<T> total = lead ? widen(load_one(sample + c * size + s)) : Acc<T>(0);
  if (z.selected()) {
    for (i64 i = 0; i < n; ++i) {
      if (z.channel(i) == c) total += partners(sample + lead * size, z, scale, i, n, size, s);
    }
  } else {
    total += partners(sample, z, scale, c, n, size, s);
  }
  store<T, 1>(grad_x + item, single(narrow<T>(total)));
}

}  // namespace opbench
