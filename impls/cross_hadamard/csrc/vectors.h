// Vectors of a storage type T and of the type it is added up in: stores past the cache, widening, rounding.
#pragma once

#include <ATen/OpMathType.h>
#include <ATen/cpu/vec/vec.h>

#include <array>
#include <cstdint>
#include <tuple>
#include <type_traits>

#if defined(__AVX__)
#include <immintrin.h>
#endif

namespace opbench {

using at::vec::Vectorized;

constexpr int64_t kLine = 64;  // bytes of a cache line

// Streaming stores skip the read of the line they replace. `to` must be aligned to the vector.
template <bool stream, typename T>
inline void put(T* to, const Vectorized<T>& value) {
#if defined(__AVX__)
  if constexpr (stream) {
    alignas(kLine) char bytes[sizeof(value)];
    value.store(bytes);
    for (size_t at = 0; at < sizeof(value); at += sizeof(__m256i)) {
      _mm256_stream_si256(reinterpret_cast<__m256i*>(reinterpret_cast<char*>(to) + at),
                          _mm256_load_si256(reinterpret_cast<const __m256i*>(bytes + at)));
    }
    return;
  }
#endif
  value.store(to);
}

// Makes this thread's streaming stores visible before it reports that it is done.
inline void drain_streams() {
#if defined(__AVX__)
  _mm_sfence();
#endif
}

template <typename T>
inline bool is_aligned(const T* pointer) {
  return reinterpret_cast<uintptr_t>(pointer) % sizeof(Vectorized<T>) == 0;
}

// One vector of T seen as vectors of Sum, the type to compute in: float for float16 and bfloat16, else T itself.
template <typename T>
struct Wide {
  using Sum = at::opmath_type<T>;
  using Part = Vectorized<Sum>;
  static constexpr int64_t width = Vectorized<T>::size();
  static constexpr int64_t part = Part::size();
  static constexpr int64_t parts = width / part;
  using Parts = std::array<Part, parts>;

  static Parts widen(const Vectorized<T>& value) {
    if constexpr (std::is_same_v<T, Sum>) {
      return {value};
    } else if constexpr (std::is_same_v<T, c10::Half>) {
      const auto [low, high] = at::vec::convert_half_float(value);
      return {low, high};
    } else {
      const auto [low, high] = at::vec::convert_bfloat16_float(value);
      return {low, high};
    }
  }
  // Rounds once.
  static Vectorized<T> narrow(const Parts& value) {
    if constexpr (std::is_same_v<T, Sum>) {
      return value[0];
    } else if constexpr (std::is_same_v<T, c10::Half>) {
      return at::vec::convert_float_half(value[0], value[1]);
    } else {
      return at::vec::convert_float_bfloat16(value[0], value[1]);
    }
  }
  // The first `count` elements; 0 in the lanes beyond.
  static Parts load(const T* from, int64_t count) {
    return widen(count >= width ? Vectorized<T>::loadu(from) : Vectorized<T>::loadu(from, count));
  }
  static int64_t round_up(int64_t count) { return (count + width - 1) / width * width; }
};

// The sum of a vector's lanes, halved step by step.
template <typename Sum>
inline Sum lane_sum(const Vectorized<Sum>& value) {
  constexpr int64_t width = Vectorized<Sum>::size();
  alignas(kLine) Sum lanes[width];
  value.store(lanes);
  for (int64_t half = width / 2; half > 0; half /= 2) {
    for (int64_t lane = 0; lane < half; ++lane) lanes[lane] += lanes[lane + half];
  }
  return lanes[0];
}

}  // namespace opbench
