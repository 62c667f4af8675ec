// Element types, vectors of them, and every access to global memory.
//
// Everything read is read-only for the kernel (ld.global.nc). What is written once and not read again goes through
// st.global.cs, so that it leaves the L2 first and the inputs stay. Under the shim the same functions check bounds.
#pragma once

#include "platform.cuh"

namespace opbench {

template <int bytes>
struct Raw;
template <>
struct Raw<2> {
  typedef unsigned short type;
};
template <>
struct Raw<4> {
  typedef unsigned type;
};
template <>
struct Raw<8> {
  typedef uint2 type;
};
template <>
struct Raw<16> {
  typedef uint4 type;
};

// `width` elements that are loaded and stored in one access. Index it with constants only, or it leaves the registers.
template <typename T, int width>
struct Vec {
  typedef typename Raw<width * static_cast<int>(sizeof(T))>::type Bits;
  Bits bits;
  __device__ T& operator[](int k) { return reinterpret_cast<T*>(&bits)[k]; }
  __device__ const T& operator[](int k) const { return reinterpret_cast<const T*>(&bits)[k]; }
};

template <typename T, int width>
__device__ inline Vec<T, width> load(const T* from) {
  typedef typename Vec<T, width>::Bits Bits;
  Vec<T, width> found;
  found.bits = __ldg(reinterpret_cast<const Bits*>(from));
  return found;
}

template <typename T, int width>
__device__ inline void store_streaming(T* to, const Vec<T, width>& value) {
  __stcs(reinterpret_cast<typename Vec<T, width>::Bits*>(to), value.bits);
}

template <typename T, int width>
__device__ inline void store(T* to, const Vec<T, width>& value) {
  typedef typename Vec<T, width>::Bits Bits;
  OPBENCH_STORE(reinterpret_cast<Bits*>(to), value.bits);
}

template <typename T>
__device__ inline T load_one(const T* from) {
  return load<T, 1>(from)[0];
}

// The type sums and normalisers are computed in.
template <typename T>
struct Accumulate {
  typedef float type;
};
template <>
struct Accumulate<double> {
  typedef double type;
};
template <typename T>
using Acc = typename Accumulate<T>::type;

__device__ inline float widen(float value) { return value; }
__device__ inline double widen(double value) { return value; }
__device__ inline float widen(__half value) { return __half2float(value); }
__device__ inline float widen(__nv_bfloat16 value) { return __bfloat162float(value); }

template <typename T>
__device__ inline T narrow(Acc<T> value) {
  return value;
}
template <>
__device__ inline __half narrow<__half>(float value) {
  return __float2half_rn(value);
}
template <>
__device__ inline __nv_bfloat16 narrow<__nv_bfloat16>(float value) {
  return __float2bfloat16_rn(value);
}

template <typename T, int width>
__device__ inline Vec<T, width> all(Acc<T> value) {
  Vec<T, width> made;
#pragma unroll
  for (int k = 0; k < width; ++k) made[k] = narrow<T>(value);
  return made;
}

// What a channel outside [0, C) reads as: NaN.
template <typename T, int width>
__device__ inline Vec<T, width> missing() {
  return all<T, width>(static_cast<Acc<T>>(nanf("")));
}

template <typename T>
__device__ inline Vec<T, 1> single(T value) {
  Vec<T, 1> made;
  made[0] = value;
  return made;
}

// Two 16-bit products in one instruction. Exact product, rounded once: the same bits as by way of float32, for 22
// and 16 significant bits fit into its 24, and neither form flushes denormals.
__device__ inline unsigned multiply_two(unsigned a, unsigned b, const __half*) {
  const __half2 product = __hmul2(*reinterpret_cast<__half2*>(&a), *reinterpret_cast<__half2*>(&b));
  return *reinterpret_cast<const unsigned*>(&product);
}
__device__ inline unsigned multiply_two(unsigned a, unsigned b, const __nv_bfloat16*) {
  const __nv_bfloat162 product =
      __hmul2(*reinterpret_cast<__nv_bfloat162*>(&a), *reinterpret_cast<__nv_bfloat162*>(&b));
  return *reinterpret_cast<const unsigned*>(&product);
}

template <typename T, int width, bool paired>
struct Multiply {
  __device__ static Vec<T, width> of(const Vec<T, width>& a, const Vec<T, width>& b) {
    Vec<T, width> product;
#pragma unroll
    for (int k = 0; k < width; ++k) product[k] = narrow<T>(widen(a[k]) * widen(b[k]));
    return product;
  }
};
template <typename T, int width>
struct Multiply<T, width, true> {
  __device__ static Vec<T, width> of(const Vec<T, width>& a, const Vec<T, width>& b) {
    Vec<T, width> product;
    const unsigned* first = reinterpret_cast<const unsigned*>(&a.bits);
    const unsigned* second = reinterpret_cast<const unsigned*>(&b.bits);
#pragma unroll
    for (int k = 0; k < width / 2; ++k) {
      reinterpret_cast<unsigned*>(&product.bits)[k] =
          multiply_two(first[k], second[k], static_cast<const T*>(nullptr));
    }
    return product;
  }
};

template <typename T, int width>
__device__ inline Vec<T, width> multiply(const Vec<T, width>& a, const Vec<T, width>& b) {
  return Multiply<T, width, sizeof(T) == 2 && width % 2 == 0>::of(a, b);
}

}  // namespace opbench
