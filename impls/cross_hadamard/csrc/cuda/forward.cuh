// The two published schedules. Blocks of 32x32 threads over a map, one element a thread. They are what ours are
// compared with, so their shape stays as published: one product (direct) or one channel's share of them (balanced) a
// block. The loops over x, y and z go round once unless a grid limit is passed (y and z end at 65535).
#pragma once

#include "channels.cuh"
#include "index.cuh"

namespace opbench {

constexpr int kEdge = 32;

// out[h, w] = first[h, w] * second[h, w] for the elements this thread stands for.
template <typename T>
__device__ inline void multiply_maps(const T* first, const T* second, T* out, i64 height, i64 width) {
  for (i64 y = blockIdx.y; y * kEdge < height; y += gridDim.y) {
    for (i64 z = blockIdx.z; z * kEdge < width; z += gridDim.z) {
      const i64 h = y * kEdge + threadIdx.y, w = z * kEdge + threadIdx.x;
      if (h >= height || w >= width) continue;
      const i64 s = h * width + w;
      const T product = first && second ? narrow<T>(widen(load_one(first + s)) * widen(load_one(second + s)))
                                        : missing<T, 1>()[0];
      store<T, 1>(out + s, single(product));
    }
  }
}

// Direct indexing: grid (B*P, ceil(H/32), ceil(W/32)). A block finds (i, j) from its p.
template <typename T>
__global__ void __launch_bounds__(kEdge* kEdge)
    direct(const T* __restrict__ x, const i64* __restrict__ index, T* __restrict__ out, i64 batch, i64 channels, i64 n,
           i64 height, i64 width) {
  const i64 pairs = pair_count(n), size = height * width;
  for (i64 block = blockIdx.x; block < batch * pairs; block += gridDim.x) {
    const i64 b = divide(block, pairs);
    const Pair pair = pair_of(block - b * pairs, n);
    const Channels<T> z(x, index, b, channels, n, size);
    multiply_maps(z.map(pair.i), z.map(pair.j), out + block * size, height, width);
  }
}

// Parity balanced: grid (B*n, ceil(H/32), ceil(W/32)). Block `id` takes (it, id) when it < id and id - it is even,
// (id, it) when it > id and it - id is odd: each block makes about (n-1)/2 products.
template <typename T>
__global__ void __launch_bounds__(kEdge* kEdge)
    balanced(const T* __restrict__ x, const i64* __restrict__ index, T* __restrict__ out, i64 batch, i64 channels,
             i64 n, i64 height, i64 width) {
  const i64 pairs = pair_count(n), size = height * width;
  for (i64 block = blockIdx.x; block < batch * n; block += gridDim.x) {
    const i64 b = divide(block, n), id = block - b * n;
    const Channels<T> z(x, index, b, channels, n, size);
    const T* own = z.map(id);
    T* sample = out + b * pairs * size;
    for (i64 it = 0; it < n; ++it) {
      const bool before = it < id && (id - it) % 2 == 0, after = it > id && (it - id) % 2 == 1;
      if (!before && !after) continue;
      const i64 i = before ? it : id, j = before ? id : it;
      multiply_maps(own, z.map(it), sample + (row_start<i64>(i, n) + j - i - 1) * size, height, width);
    }
  }
}

}  // namespace opbench
