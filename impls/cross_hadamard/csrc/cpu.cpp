// One idea: the output is one contiguous span, so threads share it by element, not by first channel (rows of
// the triangle are of unequal length), and every thread writes its part front to back.
//
// For a fixed first channel i the outputs are contiguous and so are the second factors z[i+1..n-1]. Only z[i]
// repeats, with period S. Copied once into a ring a little longer than its period, it too can be read with full
// vectors, so that 7x7 and 14x14 maps (49 and 196 elements) have no remainder at every channel's end.
#include "cpu.h"

#include <ATen/OpMathType.h>
#include <ATen/Parallel.h>
#include <ATen/cpu/vec/vec.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <fstream>
#include <type_traits>
#include <vector>

#if defined(__AVX__)
#include <immintrin.h>
#endif

namespace opbench {
namespace {

using at::vec::Vectorized;

constexpr int64_t kLine = 64;  // bytes of a cache line

// Bytes of the last-level cache that this processor can use. Linux tells; glibc's sysconf adds up the caches of
// the whole socket on some machines (256 MiB where a core reaches 32), so it is only asked second.
int64_t last_level_cache_bytes() {
  static const int64_t bytes = [] {
    int64_t kib = 0;
    if (std::ifstream("/sys/devices/system/cpu/cpu0/cache/index3/size") >> kib && kib > 0) return kib << 10;
    const long found = sysconf(_SC_LEVEL3_CACHE_SIZE);
    return found > 0 ? static_cast<int64_t>(found) : int64_t{32} << 20;
  }();
  return bytes;
}

// From which output size on stores bypass the caches: half the last-level cache. GB/s written, cached / streaming, on
// 2 cores of an EPYC 7003 VM with 32 MiB, alone | with the output summed up right after, as a next layer would:
//    6 MiB  29 / 20-30 | 22 / 11      12 MiB  20 / 20 | 21 / 11      24 MiB  18 / 19 (22 / 34 at best) | 18 / 17
bool past_cache(int64_t bytes) { return bytes > last_level_cache_bytes() / 2; }

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

inline void drain_streams() {
#if defined(__AVX__)
  _mm_sfence();
#endif
}

template <typename T>
inline bool is_aligned(const T* pointer) {
  return reinterpret_cast<uintptr_t>(pointer) % sizeof(Vectorized<T>) == 0;
}

// One channel repeated: at(k) may be read a full vector wide for every k in [0, period).
template <typename T>
class Ring {
 public:
  explicit Ring(int64_t size) : size_(size) {
    const int64_t width = Vectorized<T>::size();
    period_ = size * ((width + size - 1) / size);  // at least one vector, a whole number of channels
    values_.resize(period_ + width);
  }
  void load(const T* channel) {
    const int64_t total = static_cast<int64_t>(values_.size());
    for (int64_t at = 0; at < total; at += size_) {
      std::memcpy(values_.data() + at, channel, sizeof(T) * std::min(size_, total - at));
    }
  }
  const T* at(int64_t position) const { return values_.data() + position; }
  int64_t period() const { return period_; }

 private:
  int64_t size_, period_;
  std::vector<T> values_;
};

// out[k] = ring[phase + k] * second[k] for k in [0, count): one run of pairs that share their first channel.
template <bool stream, typename T>
void span(const Ring<T>& ring, int64_t phase, const T* second, T* out, int64_t count) {
  constexpr int64_t width = Vectorized<T>::size();
  const int64_t period = ring.period();
  int64_t at = 0;
  const auto single = [&] {
    out[at] = *ring.at(phase) * second[at];
    ++at;
    if (++phase == period) phase = 0;
  };
  if constexpr (stream) {
    while (at < count && !is_aligned(out + at)) single();
  }
  while (at + width <= count) {  // whole vectors up to the wrap, without a test inside
    const int64_t steps = std::min((period - phase + width - 1) / width, (count - at) / width);
    const T* first = ring.at(phase);
    for (int64_t step = 0; step < steps; ++step) {
      const int64_t offset = step * width;
      put<stream>(out + at + offset,
                  Vectorized<T>::loadu(first + offset) * Vectorized<T>::loadu(second + at + offset));
    }
    at += steps * width;
    phase += steps * width;
    if (phase >= period) phase -= period;
  }
  while (at < count) single();
}

// The same where a channel is a whole number of vectors: no ring needed, channel by channel.
template <bool stream, typename T>
void channel_product(const T* first, const T* second, T* out, int64_t count) {
  constexpr int64_t width = Vectorized<T>::size();
  int64_t at = 0;
  for (; at + width <= count; at += width) {
    put<stream>(out + at, Vectorized<T>::loadu(first + at) * Vectorized<T>::loadu(second + at));
  }
  for (; at < count; ++at) out[at] = first[at] * second[at];
}

int64_t row_start(int64_t i, int64_t n) { return i * (2 * n - i - 1) / 2; }

// The first channel of pair p: the floating root is within one of the answer, integers decide.
int64_t first_channel(int64_t p, int64_t n) {
  const double m = 2.0 * static_cast<double>(n) - 1.0;
  auto i = static_cast<int64_t>((m - std::sqrt(std::max(0.0, m * m - 8.0 * static_cast<double>(p)))) / 2.0);
  i = std::clamp<int64_t>(i, 0, n - 2);
  while (i > 0 && row_start(i, n) > p) --i;
  while (row_start(i + 1, n) <= p) ++i;
  return i;
}

// Elements [begin, end) of the flat output (B * P * S).
template <bool stream, typename T>
void fill_range(const T* z, T* out, int64_t n, int64_t size, int64_t begin, int64_t end) {
  const int64_t sample = row_start(n - 1, n) * size;
  const bool whole_vectors = size % Vectorized<T>::size() == 0 && is_aligned(out);
  Ring<T> ring(whole_vectors ? 1 : size);
  while (begin < end) {
    const int64_t b = begin / sample, inside = begin % sample;
    const int64_t i = first_channel(inside / size, n);
    const T* channels = z + b * n * size;
    const int64_t skipped = inside - row_start(i, n) * size;  // of this run, written by the thread before
    const int64_t count = std::min((n - 1 - i) * size - skipped, end - begin);
    const T* first = channels + i * size;
    const T* second = channels + (i + 1) * size + skipped;
    if (whole_vectors) {
      for (int64_t done = 0; done < count;) {
        const int64_t phase = (skipped + done) % size;
        const int64_t part = std::min(size - phase, count - done);
        channel_product<stream>(first + phase, second + done, out + begin + done, part);
        done += part;
      }
    } else {
      ring.load(first);
      span<stream>(ring, skipped % size, second, out + begin, count);
    }
    begin += count;
  }
  if constexpr (stream) drain_streams();
}

// Run `body(begin, end)` over [0, count) in parts that start on cache lines, serially below `grain` elements.
template <typename Body>
void share(int64_t count, int64_t element_bytes, int64_t grain, const Body& body) {
  const int64_t block = kLine / element_bytes;
  at::parallel_for(0, (count + block - 1) / block, std::max<int64_t>(1, grain / block),
                   [&](int64_t from, int64_t to) { body(from * block, std::min(to * block, count)); });
}

template <typename T>
int64_t grain() {
  return (int64_t{32} << 10) / static_cast<int64_t>(sizeof(T));
}

}  // namespace

template <typename T>
void cross_hadamard(const T* z, T* out, int64_t batch, int64_t n, int64_t size) {
  const int64_t count = batch * row_start(n - 1, n) * size;
  if (n < 2 || count <= 0) return;
  const bool stream = past_cache(count * static_cast<int64_t>(sizeof(T)));
  share(count, sizeof(T), grain<T>(), [&](int64_t begin, int64_t end) {
    if (stream) {
      fill_range<true>(z, out, n, size, begin, end);
    } else {
      fill_range<false>(z, out, n, size, begin, end);
    }
  });
}

template <typename T>
void cross_hadamard_backward(const T* grad, const T* z, T* grad_z, int64_t batch, int64_t n, int64_t size) {
  using Sum = at::opmath_type<T>;
  const int64_t pairs = row_start(n - 1, n);
  at::parallel_for(0, batch * n, 1, [&](int64_t from, int64_t to) {
    std::vector<Sum> sum(size);
    for (int64_t channel = from; channel < to; ++channel) {
      const int64_t b = channel / n, i = channel % n;
      std::fill(sum.begin(), sum.end(), Sum{0});
      for (int64_t j = 0; j < n; ++j) {
        if (j == i) continue;
        const int64_t p = i < j ? row_start(i, n) + j - i - 1 : row_start(j, n) + i - j - 1;
        const T* g = grad + (b * pairs + p) * size;
        const T* other = z + (b * n + j) * size;
        for (int64_t s = 0; s < size; ++s) sum[s] += static_cast<Sum>(g[s]) * static_cast<Sum>(other[s]);
      }
      for (int64_t s = 0; s < size; ++s) grad_z[channel * size + s] = static_cast<T>(sum[s]);
    }
  });
}

template <typename T>
void fill(T* out, int64_t count, T value) {
  const bool stream = past_cache(count * static_cast<int64_t>(sizeof(T)));
  const Vectorized<T> all(value);
  share(count, sizeof(T), grain<T>(), [&](int64_t begin, int64_t end) {
    constexpr int64_t width = Vectorized<T>::size();
    int64_t at = begin;
    if (stream && is_aligned(out + begin)) {
      for (; at + width <= end; at += width) put<true>(out + at, all);
      drain_streams();
    }
    for (; at + width <= end; at += width) put<false>(out + at, all);
    for (; at < end; ++at) out[at] = value;
  });
}

#define OPBENCH_INSTANTIATE(T)                                                                     \
  template void cross_hadamard<T>(const T*, T*, int64_t, int64_t, int64_t);                        \
  template void cross_hadamard_backward<T>(const T*, const T*, T*, int64_t, int64_t, int64_t);     \
  template void fill<T>(T*, int64_t, T);
OPBENCH_INSTANTIATE(float)
OPBENCH_INSTANTIATE(double)
OPBENCH_INSTANTIATE(c10::Half)
OPBENCH_INSTANTIATE(c10::BFloat16)
#undef OPBENCH_INSTANTIATE

}  // namespace opbench
