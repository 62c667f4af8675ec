// Runs of products: the innermost loops of every schedule.
#pragma once

#include <algorithm>
#include <cstdint>

#include "ring.h"
#include "wide.h"

namespace opbench::OPBENCH_VARIANT {

// out[k] = first[k] * second[k] for k in [0, count).
template <Stores stores, typename T>
void multiply_row(const T* first, const T* second, T* out, int64_t count) {
  constexpr int64_t width = Vec<T>::width;
  int64_t at = 0;
  const auto some = [&](int64_t elements) {
    if (elements == 0) return;
    (Vec<T>::load(first + at, elements) * Vec<T>::load(second + at, elements)).store(out + at, elements);
    at += elements;
  };
  if constexpr (stores == Stores::streaming) some(before_aligned(out, count));
  for (; at + width <= count; at += width) {
    put<stores>(out + at, Vec<T>::load(first + at) * Vec<T>::load(second + at));
  }
  some(count - at);
}

// out[k] = ring[phase + k] * second[k] for k in [0, count), phase in [0, period): a run of pairs of one first channel.
template <Stores stores, Results results, typename T>
void multiply_ring(const Ring<T>& ring, int64_t phase, const T* second, T* out, int64_t count) {
  constexpr int64_t width = Vec<T>::width;
  const int64_t period = ring.period();
  int64_t at = 0;
  const auto moved = [&](int64_t elements) {
    at += elements;
    phase += elements;
    if (phase >= period) phase -= period;
  };
  const auto some = [&](int64_t elements) {
    if (elements == 0) return;
    product<T>(ring.at(phase), Vec<T>::load(second + at, elements)).store(out + at, elements);
    moved(elements);
  };
  if constexpr (stores == Stores::streaming) some(before_aligned(out, count));
  if (ring.is_short()) {  // whether it wraps is computed, since of a few vectors no branch is predicted
    for (; at + width <= count; at += width) {
      put<stores>(out + at, product<results, T>(ring.at(phase), second + at));
      const int64_t next = phase + width, wrapped = next - period;
      phase = wrapped < 0 ? next : wrapped;
    }
  }
  while (at + width <= count) {  // whole vectors up to the wrap, without a test inside
    const int64_t steps = std::min((period - phase + width - 1) / width, (count - at) / width);
    const Factor<T>* first = ring.at(phase);
    for (int64_t step = 0; step < steps; ++step) {
      const int64_t offset = step * width;
      put<stores>(out + at + offset, product<results, T>(first + offset, second + at + offset));
    }
    moved(steps * width);
  }
  some(count - at);
}

}  // namespace opbench::OPBENCH_VARIANT
