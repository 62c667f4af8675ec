// One channel repeated, ready to be multiplied by: at(k) may be read a full vector wide for every k in [0, period) that a
// run comes to.
//
// For a fixed first channel i the outputs are contiguous and so are the second factors z[i+1..n-1]. Only z[i]
// repeats, with period S. Copied once into a ring a little longer than its period, it too can be read with full
// vectors, so that 7x7 and 14x14 maps (49 and 196 elements) have no remainder at every channel's end.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "wide.h"

namespace opbench::OPBENCH_VARIANT {

template <typename T>
class Ring {
 public:
  using Element = Factor<T>;

  // in_place: channels are whole vectors, read at whole vectors only, so that they need no copy. run: elements that are
  // usually multiplied by one channel, of which a longer ring must not cost too much. copy: `room` elements for it.
  Ring(int64_t size, bool in_place, int64_t run, Element* copy)
      : size_(size), period_(in_place ? size : size * repeats(size, run)), in_place_(in_place), copy_(copy) {}
  // Widening writes whole vectors. Whole vectors apart, rings of one memory all begin as the first does.
  static int64_t room(int64_t size, bool in_place, int64_t run) {
    constexpr int64_t width = Vec<T>::width;
    if (in_place && std::is_same_v<T, Element>) return 0;
    return (size * repeats(size, run) + 3 * width - 1) / width * width;
  }
  void load(const T* channel) {
    if constexpr (std::is_same_v<T, Element>) {
      if (in_place_) {
        values_ = channel;
        return;
      }
    }
    const int64_t total = period_ + Vec<T>::width;
    widen_to(copy_, channel, size_);
    for (int64_t at = size_; at < total; at *= 2) {
      std::memcpy(copy_ + at, copy_, sizeof(Element) * std::min(at, total - at));
    }
    values_ = copy_;
  }
  const Element* at(int64_t position) const { return values_ + position; }
  int64_t period() const { return period_; }

 private:
  // As many channels as fill a vector at least, and up to 2 KiB where runs are long: every wrap costs a few cycles, which
  // of the four vectors of a 7x7 map is a third.
  static int64_t repeats(int64_t size, int64_t run) {
    const int64_t longest = std::max<int64_t>(1, std::min<int64_t>(2048 / sizeof(T), run / 8) / size);
    return std::max((Vec<T>::width + size - 1) / size, longest);
  }

  int64_t size_, period_;
  bool in_place_;
  Element* copy_;
  const Element* values_ = nullptr;
};

}  // namespace opbench::OPBENCH_VARIANT
