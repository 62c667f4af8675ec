// One channel repeated: at(k) may be read a full vector wide for every k in [0, period).
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

namespace opbench {

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

}  // namespace opbench
