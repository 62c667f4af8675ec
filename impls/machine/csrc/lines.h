// A cache line as a vector, and the two ways to store one. Vectors are 64 bytes whatever the processor has: the compiler
// cuts them into its own.
#pragma once

#if defined(__SSE2__)
#include <immintrin.h>
#endif

#define EXPORT extern "C" __attribute__((visibility("default")))

namespace machine {

constexpr int kBytes = 64;
template <typename T>
using Vector __attribute__((vector_size(kBytes))) = T;
using Line = Vector<float>;

#if defined(__AVX__)
constexpr bool kGoesAround = true;
#else
constexpr bool kGoesAround = false;
#endif

inline void put(Line* to, const Line& value) { *to = value; }

// Past the caches where the processor has such stores.
inline void put_past_caches(Line* to, const Line& value) {
#if defined(__AVX512F__)
  _mm512_stream_ps(reinterpret_cast<float*>(to), reinterpret_cast<const __m512&>(value));
#elif defined(__AVX__)
  const auto* half = reinterpret_cast<const __m256*>(&value);
  _mm256_stream_ps(reinterpret_cast<float*>(to), half[0]);
  _mm256_stream_ps(reinterpret_cast<float*>(to) + 8, half[1]);
#else
  *to = value;
#endif
}

inline void drain() {
#if defined(__SSE2__)
  _mm_sfence();
#endif
}

}  // namespace machine
