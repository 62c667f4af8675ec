// ach_expand's gradients for small maps: a block owns one channel of one piece of a map, a thread one element of grad_x.
//
// It walks the pairs of the positions that its channel is selected for. Each grad is read twice, by both its owners,
// the second time from the L2; the one whose position comes first also adds it to the parameters' sums, so that these
// read nothing of their own. What all threads of the block need of a partner waits in shared memory.
#pragma once

#include "channels.cuh"
#include "index.cuh"
#include "pair_sums.cuh"
#include "slopes.cuh"

namespace opbench {

constexpr int kExpandThreads = 128;
constexpr int kPartners = 64;  // of which the block knows at once where they lie
// Blocks that a multiprocessor's registers hold: 80 of them a thread, where ptxas takes 127 unasked; no spills in
// float32 and bfloat16 with tanh and sigmoid. In float64 tanh spills 368 bytes at 80, 244 at 96.
template <typename T>
constexpr int kExpandBlocks = sizeof(T) == 8 ? 2 : 6;

// Partner j of a position: where the pair's map of grad and channel j's map of x begin, and the pair's scale.
template <typename A>
struct Partner {
  i64 grad, map;  // map: -1 where the index names no channel
  A scale;        // NaN there; with NaN in place of x tanh spills 76 bytes in float32 and bfloat16, so none
};

// One block's work on one channel of one sample: positions without a channel count as those of channel -1.
template <typename T, typename Norm>
struct Owned {
  typedef Acc<T> A;
  Channels<T> z;
  Slope<T, Norm> scale;
  PairSums<A> reduction;
  Partner<A>* partners;
  const T *grad, *x;  // the sample's first pair and first channel
  A* part;            // of the sums
  i64 n, size, pairs, s;
  bool inside;

  __device__ void find_partners(i64 i, i64 first) const {
    __syncthreads();  // those before are done with
    for (int k = static_cast<int>(threadIdx.x); k < kPartners; k += static_cast<int>(blockDim.x)) {
      const i64 j = first + k;
      if (j >= n || j == i) continue;
      const i64 p = j < i ? row_start<i64>(j, n) + i - j - 1 : row_start<i64>(i, n) + j - i - 1, c = z.channel(j);
      partners[k] = {p * size, c < 0 ? -1 : c * size, c < 0 ? A(nanf("")) : scale.of(p)};
    }
    __syncthreads();
  }

  // Pairs of position i with j = first + begin and the seven after it: their part of the gradient of z_i.
  __device__ A eight(A own, i64 i, i64 first, int begin) const {
    Vec<T, 1> g[kSummedPairs], other[kSummedPairs];
    PairValues<A> values;
    values.clear();
    A sum = 0;
    const i64 j = first + begin;
#pragma unroll
    for (int k = 0; k < kSummedPairs; ++k) {  // all loads before the first use
      if (!inside || j + k >= n || j + k == i) continue;
      const Partner<A>& with = partners[begin + k];
      g[k] = load<T, 1>(grad + with.grad + s);
      other[k] = with.map < 0 ? all<T, 1>(0) : load<T, 1>(x + with.map + s);
    }
#pragma unroll
    for (int k = 0; k < kSummedPairs; ++k) {
      if (!inside || j + k >= n || j + k == i) continue;
      const A from = widen(g[k][0]), value = widen(other[k][0]), factor = partners[begin + k].scale;
      if (j + k > i) {
        sum += scale(from, own * value, factor, values, k) * value;
        if (partners[begin + k].map < 0) values.lose(k);
      } else {
        sum += scale(from, own * value, factor) * value;
      }
    }
    if (j + kSummedPairs > i + 1) {
      const i64 p = row_start<i64>(i, n) + j - i - 1;
      const int from = i < j ? 0 : static_cast<int>(i - j) + 1;
      const int to = n - j < kSummedPairs ? static_cast<int>(n - j) : kSummedPairs;
      reduction.write(values, part + p, scale.weight(p), pairs, from, to);
    }
    return sum;
  }

  __device__ A position(i64 i, i64 c) const {
    A own = A(nanf(""));
    if (inside && c >= 0) own = widen(load_one(x + c * size + s));
    A sum = 0;
    for (i64 first = 0; first < n; first += kPartners) {
      find_partners(i, first);
      for (int begin = 0; begin < kPartners && first + begin < n; begin += kSummedPairs) {
        sum += eight(own, i, first, begin);
      }
    }
    return sum;
  }

  // Over all positions of channel c; `found` are blockDim.x ints in shared memory.
  __device__ A channel(i64 c, int* found) const {
    A sum = 0;
    for (i64 first = 0; first < n; first += blockDim.x) {
      __syncthreads();
      const int threads = static_cast<int>(blockDim.x), thread = static_cast<int>(threadIdx.x);
      const int count = n - first < threads ? static_cast<int>(n - first) : threads;
      if (thread < count) found[thread] = z.channel(first + thread) == c;
      __syncthreads();
      for (int k = 0; k < count; ++k) {
        if (found[k]) sum += position(first + k, c);
      }
    }
    return sum;
  }
};

// Blocks (b, piece, channel), channels fastest so that those who share grad run together; one more of them than x has,
// for the sums of positions without a channel. grad (B, C + P, S), grad_x (B, C, S), sums (B * pieces, 3, P). Shared:
// (kSummed + 1) reals a thread, kPartners partners, an int a thread.
template <typename T, typename Norm>
__global__ void __launch_bounds__(kExpandThreads, kExpandBlocks<T>)
    expand_owner(const T* __restrict__ grad, const T* __restrict__ x, const i64* __restrict__ index,
                 const Acc<T>* alpha, const Acc<T>* weight, T* __restrict__ grad_x, Acc<T>* __restrict__ sums,
                 i64 batch, i64 channels, i64 n, i64 size) {
  typedef Acc<T> A;
  OPBENCH_SHARED(memory);
  const PairSums<A> reduction{reinterpret_cast<A*>(memory)};
  Partner<A>* partners = reinterpret_cast<Partner<A>*>(reduction.end());
  int* found = reinterpret_cast<int*>(partners + kPartners);
  const i64 pieces = (size + blockDim.x - 1) / blockDim.x, pairs = pair_count(n);
  for (i64 block = blockIdx.x; block < batch * pieces * (channels + 1); block += gridDim.x) {
    const i64 b_piece = divide(block, channels + 1), last = block - b_piece * (channels + 1);
    const i64 b = divide(b_piece, pieces), s = (b_piece - b * pieces) * blockDim.x + threadIdx.x;
    const i64 c = last < channels ? last : -1;
    const T *sample = grad + b * (channels + pairs) * size, *of_x = x + b * channels * size;
    const Owned<T, Norm> owned{Channels<T>(x, index, b, channels, n, size),
                               Slope<T, Norm>(alpha, weight),
                               reduction,
                               partners,
                               sample + channels * size,
                               of_x,
                               sums + b_piece * 3 * pairs,
                               n,
                               size,
                               pairs,
                               s,
                               s < size};
    const A sum = owned.channel(c, found);
    if (c < 0 || s >= size) continue;
    const A through = widen(load_one(sample + c * size + s));
    store<T, 1>(grad_x + (b * channels + c) * size + s, single(narrow<T>(through + sum)));
  }
}

}  // namespace opbench
