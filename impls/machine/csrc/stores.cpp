// An output written as a kernel writes one: every thread its own part from one end to the other, computed from a small
// input that stays in the nearest cache.
#include <omp.h>

#include <algorithm>
#include <cstdint>

#include "lines.h"

namespace {

using machine::Line;

constexpr int64_t kWidth = machine::kBytes / sizeof(float);

template <bool around>
void squares(const Line* small, int64_t period, Line* out, int64_t lines) {
#pragma omp parallel
  {
    const int64_t threads = omp_get_num_threads(), thread = omp_get_thread_num();
    const int64_t end = lines * (thread + 1) / threads;
    for (int64_t at = lines * thread / threads; at < end;) {
      const Line* from = small + at % period;
      const int64_t run = std::min(period - at % period, end - at);
      for (int64_t i = 0; i < run; ++i) {
        const Line value = from[i] * from[i];
        if constexpr (around) {
          machine::put_past_caches(out + at + i, value);
        } else {
          machine::put(out + at + i, value);
        }
      }
      at += run;
    }
    if constexpr (around) machine::drain();
  }
}

}  // namespace

// out[i] = small[i % period]^2 for `count` floats; `period` is a multiple of a line's, both begin on a line's start.
EXPORT void machine_squares(const float* small, int64_t period, float* out, int64_t count, bool past_caches) {
  const auto* from = reinterpret_cast<const Line*>(small);
  auto* to = reinterpret_cast<Line*>(out);
  const int64_t lines = count / kWidth;
  if (past_caches) {
    squares<true>(from, period / kWidth, to, lines);
  } else {
    squares<false>(from, period / kWidth, to, lines);
  }
  for (int64_t i = lines * kWidth; i < count; ++i) out[i] = small[i % period] * small[i % period];
}

// Whether this processor has stores that go around its caches.
EXPORT bool machine_goes_around() { return machine::kGoesAround; }
