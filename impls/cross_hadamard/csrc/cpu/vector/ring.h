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
  bool is_short() const { return period_ < kShort; }

 private:
  // Elements from which on a wrap is a branch. GB/s of one thread into the second cache, by branches and without, two
  // shared cores of an Intel Xeon (family 6, model 207): 7x7 maps of float16 27 and 31, of float 27 and 32, of bfloat16
  // 18.8 and 19.9; 8x8 of float16 26 and 40; 14x14 of float16 33 and 34, of float (12 vectors) alike.
  static constexpr int64_t kShort = 8 * Vec<T>::width;

  // As many channels as fill a vector; where a wrap is a branch, and runs are long, up to 2 KiB.
  static int64_t repeats(int64_t size, int64_t run) {
    const int64_t least = (Vec<T>::width + size - 1) / size;
    if (size * least < kShort) return least;
    const int64_t longest = std::max<int64_t>(1, std::min<int64_t>(2048 / sizeof(T), run / 8) / size);
    return std::max(least, longest);
  }

  int64_t size_, period_;
  bool in_place_;
  Element* copy_;
  const Element* values_ = nullptr;
};

}  // namespace opbench::OPBENCH_VARIANT
