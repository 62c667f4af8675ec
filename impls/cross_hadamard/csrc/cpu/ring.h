// One channel repeated: at(k) may be read a full vector wide for every k in [0, period) that a run comes to.
//
// For a fixed first channel i the outputs are contiguous and so are the second factors z[i+1..n-1]. Only z[i]
// repeats, with period S. Copied once into a ring a little longer than its period, it too can be read with full
// vectors, so that 7x7 and 14x14 maps (49 and 196 elements) have no remainder at every channel's end.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <vector>

#include "vectors.h"

namespace opbench::OPBENCH_VARIANT {

template <typename T>
class Ring {
 public:
  // in_place: channels are whole vectors, read at whole vectors only, so that they need no copy.
  Ring(int64_t size, bool in_place)
      : size_(size), period_(in_place ? size : size * ((Vec<T>::width + size - 1) / size)), in_place_(in_place) {}
  void load(const T* channel) {
    values_ = channel;
    if (in_place_) return;
    const int64_t total = period_ + Vec<T>::width;  // at least one vector, a whole number of channels, and a vector more
    copy_.resize(total);
    for (int64_t at = 0; at < total; at += size_) {
      std::memcpy(copy_.data() + at, channel, sizeof(T) * std::min(size_, total - at));
    }
    values_ = copy_.data();
  }
  const T* at(int64_t position) const { return values_ + position; }
  int64_t period() const { return period_; }

 private:
  int64_t size_, period_;
  bool in_place_;
  const T* values_ = nullptr;
  std::vector<T> copy_;
};

}  // namespace opbench::OPBENCH_VARIANT
