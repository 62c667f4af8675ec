// Vectors as wide as this variant's registers, in the compiler's own vector types: loads, stores through and around the
// caches, widening, rounding.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <type_traits>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "../types.h"

namespace opbench::OPBENCH_VARIANT {

#if defined(__AVX512F__)
constexpr int64_t kVector = 64;  // bytes of a register
#elif defined(__AVX__)
constexpr int64_t kVector = 32;
#else
constexpr int64_t kVector = 16;
#endif
constexpr int64_t kLine = 64;  // bytes of a cache line

// A register of T. float and double have arithmetic; Half and BFloat16 are held as bits, have a product, and are widened
// for everything else (`Wide`).
template <typename T>
struct Vec {
  using Element = std::conditional_t<std::is_floating_point_v<T>, T, uint16_t>;
  typedef Element Lanes __attribute__((vector_size(kVector)));
  static constexpr int64_t width = kVector / static_cast<int64_t>(sizeof(T));

  Lanes lanes;

  Vec() = default;
  Vec(const Lanes& from) : lanes(from) {}
  explicit Vec(T value) {
    if constexpr (std::is_floating_point_v<T>) {
      lanes = value - Lanes{};  // keeps the sign of a zero
    } else {
      lanes = Lanes{} + value.bits;
    }
  }

  static Vec load(const T* from) {
    Vec found;
    std::memcpy(&found.lanes, from, kVector);
    return found;
  }
  // The first `count` elements, from 1 to width - 1; zeros in the lanes beyond. 0 would be taken for all.
  static Vec load(const T* from, int64_t count) {
#if defined(__AVX512BW__)
    return Vec(reinterpret_cast<Lanes>(_mm512_maskz_loadu_epi8(first_bytes(count), from)));
#else
    Vec found(Lanes{});
    std::memcpy(&found.lanes, from, count * sizeof(T));
    return found;
#endif
  }
  void store(T* to) const { std::memcpy(to, &lanes, kVector); }
  void store(T* to, int64_t count) const {
#if defined(__AVX512BW__)
    _mm512_mask_storeu_epi8(to, first_bytes(count), reinterpret_cast<__m512i>(lanes));
#else
    std::memcpy(to, &lanes, count * sizeof(T));
#endif
  }

#if defined(__AVX512BW__)
 private:
  static uint64_t first_bytes(int64_t count) { return ~uint64_t{0} >> (kVector - count * sizeof(T)) % kVector; }
#endif
};

template <typename T>
inline Vec<T> operator+(const Vec<T>& a, const Vec<T>& b) {
  static_assert(std::is_floating_point_v<T>);
  return a.lanes + b.lanes;
}
template <typename T>
inline Vec<T> operator-(const Vec<T>& a, const Vec<T>& b) {
  static_assert(std::is_floating_point_v<T>);
  return a.lanes - b.lanes;
}
template <typename T>
inline Vec<T> operator/(const Vec<T>& a, const Vec<T>& b) {
  static_assert(std::is_floating_point_v<T>);
  return a.lanes / b.lanes;
}
template <typename T>
inline std::enable_if_t<std::is_floating_point_v<T>, Vec<T>> operator*(const Vec<T>& a, const Vec<T>& b) {
  return a.lanes * b.lanes;
}
// a * b + c, in one rounding where the processor has such an instruction.
template <typename T>
inline Vec<T> multiply_add(const Vec<T>& a, const Vec<T>& b, const Vec<T>& c) {
  return a.lanes * b.lanes + c.lanes;
}
template <typename T>
inline Vec<T> absolute(const Vec<T>& a) {
  return a.lanes < 0 ? -a.lanes : a.lanes;
}
// Within +-limit; NaN stays NaN.
template <typename T>
inline Vec<T> clamped(const Vec<T>& a, T limit) {
  const Vec<T> most(limit), least(-limit);
  const typename Vec<T>::Lanes below = a.lanes > most.lanes ? most.lanes : a.lanes;
  return below < least.lanes ? least.lanes : below;
}
template <typename T>
inline Vec<T> square_root(const Vec<T>& a) {
  Vec<T> found;
  for (int64_t lane = 0; lane < Vec<T>::width; ++lane) found.lanes[lane] = std::sqrt(a.lanes[lane]);
  return found;
}

// Around the caches: such a store skips the read of the line it replaces. `to` must be aligned to the register.
template <Stores stores, typename T>
inline void put(T* to, const Vec<T>& value) {
#if defined(__AVX512F__)
  if constexpr (stores == Stores::streaming) {
    return _mm512_stream_si512(reinterpret_cast<__m512i*>(to), reinterpret_cast<__m512i>(value.lanes));
  }
#elif defined(__AVX__)
  if constexpr (stores == Stores::streaming) {
    return _mm256_stream_si256(reinterpret_cast<__m256i*>(to), reinterpret_cast<__m256i>(value.lanes));
  }
#elif defined(__SSE2__)
  if constexpr (stores == Stores::streaming) {
    return _mm_stream_si128(reinterpret_cast<__m128i*>(to), reinterpret_cast<__m128i>(value.lanes));
  }
#endif
  value.store(to);
}

// Makes this thread's streaming stores visible before it reports that it is done.
inline void drain_streams() {
#if defined(__SSE2__)
  _mm_sfence();
#endif
}

// Bytes of the pointer's cache line that lie before it.
inline int64_t past_line(const void* pointer) { return static_cast<int64_t>(reinterpret_cast<uintptr_t>(pointer) % kLine); }

// How many of `count` elements lie before the next address that `put` may stream to: less than a register.
template <typename T>
inline int64_t before_aligned(const T* pointer, int64_t count) {
  const int64_t elements = (kVector - past_line(pointer) % kVector) % kVector / static_cast<int64_t>(sizeof(T));
  return elements < count ? elements : count;
}

template <typename T>
inline bool is_aligned(const T* pointer) {
  return reinterpret_cast<uintptr_t>(pointer) % kVector == 0;
}

// The sum of a vector's lanes, halved step by step. Without leaving the register where the compiler shuffles by a mask
// that is computed: what goes through memory waits for its stores, 3 ns a sum.
template <typename T>
inline T lane_sum(const Vec<T>& value) {
#if defined(__GNUC__) && !defined(__clang__)
  using Integer = std::conditional_t<sizeof(T) == sizeof(int64_t), int64_t, int32_t>;
  typedef Integer Places __attribute__((vector_size(kVector)));
  Places places{};
  for (int64_t lane = 0; lane < Vec<T>::width; ++lane) places[lane] = static_cast<Integer>(lane);
  auto sums = value.lanes;
  for (Integer half = Vec<T>::width / 2; half > 0; half /= 2) sums += __builtin_shuffle(sums, places ^ half);
  return sums[0];
#else
  alignas(kLine) T lanes[Vec<T>::width];
  value.store(lanes);
  for (int64_t half = Vec<T>::width / 2; half > 0; half /= 2) {
    for (int64_t lane = 0; lane < half; ++lane) lanes[lane] += lanes[lane + half];
  }
  return lanes[0];
#endif
}

}  // namespace opbench::OPBENCH_VARIANT
