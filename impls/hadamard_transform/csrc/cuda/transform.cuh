// The transform on a GPU: a thread block has whole blocks of the transform in shared memory. Stages between neighbours are
// shuffles within warps while x is read; the others take two, four or eight elements that are a multiple of 32 apart, so
// that no two threads of a warp meet in a bank.
#pragma once

#include <cuda_bf16.h>
#include <cuda_fp16.h>

namespace opbench_hadamard {

constexpr int kWarp = 32;
constexpr unsigned kAll = 0xffffffffu;

template <typename T>
struct Sum {
  using type = float;
};
template <>
struct Sum<double> {
  using type = double;
};

__device__ inline float widen(float value) { return value; }
__device__ inline double widen(double value) { return value; }
__device__ inline float widen(__half value) { return __half2float(value); }
__device__ inline float widen(__nv_bfloat16 value) { return __bfloat162float(value); }

__device__ inline void narrow(float* to, float value) { *to = value; }
__device__ inline void narrow(double* to, double value) { *to = value; }
__device__ inline void narrow(__half* to, float value) { *to = __float2half_rn(value); }
__device__ inline void narrow(__nv_bfloat16* to, float value) { *to = __float2bfloat16_rn(value); }

// log2(radix) stages between elements that are stride, 2 * stride, ... apart.
template <int radix, typename A>
__device__ inline void stages(A* values, int count, int stride) {
  for (int group = threadIdx.x; group < count / radix; group += blockDim.x) {
    A* first = values + group / stride * stride * radix + group % stride;
    A value[radix];
#pragma unroll
    for (int at = 0; at < radix; ++at) value[at] = first[at * stride];
#pragma unroll
    for (int distance = 1; distance < radix; distance *= 2) {
#pragma unroll
      for (int at = 0; at < radix; ++at) {
        if ((at & distance) == 0) {
          const A one = value[at], other = value[at + distance];
          value[at] = one + other;
          value[at + distance] = one - other;
        }
      }
    }
#pragma unroll
    for (int at = 0; at < radix; ++at) first[at * stride] = value[at];
  }
  __syncthreads();
}

// Between `order` elements that are `length` apart.
template <int order, typename A>
__device__ inline void by_matrix(A* values, const A* matrix, int count, int length) {
  for (int group = threadIdx.x; group < count / order; group += blockDim.x) {
    A* first = values + group / length * length * order + group % length;
    A value[order];
#pragma unroll
    for (int j = 0; j < order; ++j) value[j] = first[j * length];
    for (int i = 0; i < order; ++i) {
      A sum = 0;
#pragma unroll
      for (int j = 0; j < order; ++j) sum += matrix[i * order + j] * value[j];
      first[i * length] = sum;
    }
  }
  __syncthreads();
}

// out = scale * after * (H of (before * x)) in `blocks` blocks of order * length elements, `each` of them a thread block.
// A row has `size` elements. before, after (size,) in x's type, or null.
template <typename T, int order>
__global__ void transform(const T* x, const T* before, const T* after, const typename Sum<T>::type* matrix, T* out,
                          long long blocks, long long size, int length, int each, double scale) {
  using A = typename Sum<T>::type;
  extern __shared__ __align__(16) unsigned char memory[];
  A* values = reinterpret_cast<A*>(memory);
  const long long begin = static_cast<long long>(blockIdx.x) * each, left = blocks - begin;
  const int count = static_cast<int>(left < each ? left : each) * order * length;
  const long long start = begin * order * length;
  const int near = length < kWarp ? length : kWarp;
  // Whole warps take every step, since a shuffle is between all lanes; those beyond the end hold zeros.
  for (int from = threadIdx.x - threadIdx.x % kWarp; from < count; from += blockDim.x) {
    const int at = from + threadIdx.x % kWarp;
    A value = at < count ? widen(x[start + at]) : A(0);
    if (before && at < count) value *= widen(before[(start + at) % size]);
    for (int distance = 1; distance < near; distance *= 2) {
      const A partner = __shfl_xor_sync(kAll, value, distance);
      value = (at & distance) ? partner - value : value + partner;
    }
    if (at < count) values[at] = value;
  }
  __syncthreads();
  int stride = near;
  for (; length / stride >= 8; stride *= 8) stages<8>(values, count, stride);
  if (length / stride == 4) stages<4>(values, count, stride);
  if (length / stride == 2) stages<2>(values, count, stride);
  if constexpr (order > 1) by_matrix<order>(values, matrix, count, length);
  for (int at = threadIdx.x; at < count; at += blockDim.x) {
    A value = values[at] * static_cast<A>(scale);
    if (after) value *= widen(after[(start + at) % size]);
    narrow(out + start + at, value);
  }
}

}  // namespace opbench_hadamard
