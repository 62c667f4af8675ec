// The schedule `flat`. One idea: the output is one contiguous span, so threads share it by element, not by first
// channel (rows of the triangle are of unequal length), and every thread writes its part front to back.
#include <c10/util/BFloat16.h>
#include <c10/util/Half.h>

#include "cpu.h"
#include "memory.h"
#include "pairs.h"
#include "ring.h"

namespace opbench {
namespace {

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

// Elements [begin, end) of the flat output (B * P * S).
template <bool stream, typename T>
void fill_range(const T* z, T* out, int64_t n, int64_t size, int64_t begin, int64_t end) {
  const int64_t sample = pair_count(n) * size;
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

}  // namespace

template <typename T>
void multiply_flat(const T* z, T* out, const Sizes& sizes) {
  const int64_t count = sizes.batch * pair_count(sizes.n) * sizes.size;
  const bool stream = past_cache(count * static_cast<int64_t>(sizeof(T)));
  share(count, sizeof(T), grain<T>(), [&](int64_t begin, int64_t end) {
    if (stream) {
      fill_range<true>(z, out, sizes.n, sizes.size, begin, end);
    } else {
      fill_range<false>(z, out, sizes.n, sizes.size, begin, end);
    }
  });
}

template void multiply_flat(const float*, float*, const Sizes&);
template void multiply_flat(const double*, double*, const Sizes&);
template void multiply_flat(const c10::Half*, c10::Half*, const Sizes&);
template void multiply_flat(const c10::BFloat16*, c10::BFloat16*, const Sizes&);

}  // namespace opbench
