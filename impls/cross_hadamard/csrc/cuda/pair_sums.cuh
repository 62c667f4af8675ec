// The parameters' gradients of ach_expand, made by the kernels that make grad_x, while grad and x are in registers.
//
// Over disjoint parts of (batch, spatial), one a block: sums (parts, 3, P) holds
//   [., 0, p] = sum of g * f(u)              -> weight[p]
//   [., 1, p] = sum of g                     -> bias[p]
//   [., 2, p] = sum of g * weight[p] * f'(u) * z_i * z_j  -> alpha, to be added up over p
// with g = grad[b, C + p]. The caller adds up the parts: no atomics, the same bits every time.
#pragma once

#include "types.cuh"

namespace opbench {

constexpr int kSummedPairs = 8;               // pairs that a block adds up at once
constexpr int kSummed = 3 * kSummedPairs;     // values of each thread
constexpr int kStrip = 32;                    // threads' values that one thread adds up

// What one thread has for `kSummedPairs` pairs in a row.
template <typename A>
struct PairValues {
  A of[3][kSummedPairs];
  __device__ void clear() {
#pragma unroll
    for (int k = 0; k < kSummed; ++k) of[k / kSummedPairs][k % kSummedPairs] = 0;
  }
  // `pair` is known when compiling.
  __device__ void add(int pair, A grad, A value, A slope, A product) {
    of[0][pair] += grad * value;
    of[1][pair] += grad;
    of[2][pair] += grad * slope * product;
  }
  __device__ void lose(int pair) { of[0][pair] = of[2][pair] = A(nanf("")); }
};

// The block's totals of such values, through shared memory: (kSummed + 1) reals a thread. Blocks are whole warps.
template <typename A>
struct PairSums {
  static constexpr int width = 16 / sizeof(A);
  A* memory;
  __device__ A* end() const { return memory + (kSummed + 1) * blockDim.x; }

  // Stores the totals of pairs `begin` to `end` of those eight: pair k's to part[v * pairs + k], v = 0, 1, 2. Every
  // thread of the block must call it. Lanes begin a strip at places of their own, so that they meet in no bank.
  __device__ void write(const PairValues<A>& values, A* part, const A* weight, i64 pairs, int begin, int end) const {
    const int threads = static_cast<int>(blockDim.x), thread = static_cast<int>(threadIdx.x), strips = threads / kStrip;
    A* partial = memory + kSummed * threads;
#pragma unroll
    for (int k = 0; k < kSummed; ++k) memory[k * threads + thread] = values.of[k / kSummedPairs][k % kSummedPairs];
    __syncthreads();
    if (thread < kSummed * strips) {
      const A* strip = memory + thread * kStrip;  // threads / kStrip of them in a row of values
      A sum = 0;
#pragma unroll
      for (int k = 0; k < kStrip; k += width) {
        const Vec<A, width> some = *reinterpret_cast<const Vec<A, width>*>(strip + (k + thread * width) % kStrip);
#pragma unroll
        for (int e = 0; e < width; ++e) sum += some[e];
      }
      partial[thread] = sum;
    }
    __syncthreads();  // after it the values may be overwritten; the partial sums are read before the next one
    const int v = thread / kSummedPairs, k = thread % kSummedPairs;
    if (thread >= kSummed || k < begin || k >= end) return;
    A total = 0;
    for (int strip = 0; strip < strips; ++strip) total += partial[thread * strips + strip];
    if (v == 2) total *= load_one(weight + k);
    store<A, 1>(part + v * pairs + k, single(total));
  }
};

}  // namespace opbench
