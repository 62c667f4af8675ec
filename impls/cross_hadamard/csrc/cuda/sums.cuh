// The parameters' gradients of ach_expand, over disjoint parts of (batch, spatial): sums (parts, 3, P) holds
//   [., 0, p] = sum of g * f(u)              -> weight[p]
//   [., 1, p] = sum of g                     -> bias[p]
//   [., 2, p] = sum of g * weight[p] * f'(u) * z_i * z_j  -> alpha, to be added up over p
// with g = grad[b, C + p]. The caller adds up the parts: no atomics, the same bits every time.
#pragma once

#include "channels.cuh"
#include "index.cuh"
#include "norms.cuh"

namespace opbench {

constexpr int kSumLanes = 32, kSumRows = 4;  // threads over the spatial positions, and over the batch
constexpr int kSumThreads = kSumLanes * kSumRows;

// The block's total of each of `count` values, in a fixed tree order; thread 0's is the answer.
template <typename A, int count>
__device__ inline void add_up(A (&values)[count], A* shared, int thread) {
#pragma unroll
  for (int v = 0; v < count; ++v) shared[v * kSumThreads + thread] = values[v];
  for (int half = kSumThreads / 2; half > 0; half /= 2) {
    __syncthreads();
    if (thread >= half) continue;
#pragma unroll
    for (int v = 0; v < count; ++v) shared[v * kSumThreads + thread] += shared[v * kSumThreads + thread + half];
  }
#pragma unroll
  for (int v = 0; v < count; ++v) values[v] = shared[v * kSumThreads + thread];
}

// Grid (P, parts over the batch, parts over the spatial size); a block makes the three sums of one pair over its part.
template <typename T, typename Norm>
__global__ void __launch_bounds__(kSumThreads)
    parameter_sums(const T* __restrict__ grad, const T* __restrict__ x, const i64* __restrict__ index,
                   const Acc<T>* alpha, const Acc<T>* weight, Acc<T>* __restrict__ sums, i64 batch, i64 channels, i64 n,
                   i64 size) {
  typedef Acc<T> A;
  constexpr bool brief = sizeof(T) == 2;
  OPBENCH_SHARED(memory);
  const int thread = static_cast<int>(threadIdx.y * kSumLanes + threadIdx.x);
  const i64 pairs = pair_count(n), step = gridDim.z * kSumLanes;
  const A slope = load_one(alpha);
  for (i64 p = blockIdx.x; p < pairs; p += gridDim.x) {
    const Pair pair = pair_of(p, n);
    A values[3] = {};
    for (i64 b = blockIdx.y * kSumRows + threadIdx.y; b < batch; b += gridDim.y * kSumRows) {
      const Channels<T> z(x, index, b, channels, n, size);
      const T* first = z.map(pair.i);
      const T* second = z.map(pair.j);
      const T* g = grad + (b * (channels + pairs) + channels + p) * size;
#pragma unroll 4
      for (i64 s = blockIdx.z * kSumLanes + threadIdx.x; s < size; s += step) {
        const A from = widen(load_one(g + s));
        const A product = first && second ? widen(load_one(first + s)) * widen(load_one(second + s)) : A(nanf(""));
        const A u = Norm::argument(slope * product);
        values[0] += from * Norm::template value<brief>(u);
        values[1] += from;
        values[2] += from * Norm::template slope<brief>(u) * product;
      }
    }
    values[2] *= load_one(weight + p);
    __syncthreads();  // the pair before is done with
    add_up(values, reinterpret_cast<A*>(memory), thread);
    if (thread == 0) {
      A* part = sums + (static_cast<i64>(blockIdx.y) * gridDim.z + blockIdx.z) * 3 * pairs + p;
#pragma unroll
      for (int v = 0; v < 3; ++v) store<A, 1>(part + v * pairs, single(values[v]));
    }
  }
}

}  // namespace opbench
