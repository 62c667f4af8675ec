// Overlaps, suppression and decoding of boxes: what the operators call, whichever vector instructions it runs with.
// Boxes are rows x1 y1 x2 y2, one behind the other.
#pragma once

#include <cstdint>
#include <type_traits>

#include "../../cross_hadamard/csrc/cpu/types.h"

namespace opbench {

// Above which overlap a box is suppressed.
template <typename T>
struct Threshold {
  T exact;  // the largest T that is not above the threshold: every T compares with both alike
  T low;    // a little below: an overlap above `exact` is above `low` times the union, however both were rounded
};

// How offsets become boxes. `edge`: to which corners are clipped; 0: not.
template <typename T>
struct Decoding {
  T centre_variance, side_variance, largest_exponent, edge;
};

// The kernels for one type of elements.
template <typename T>
struct BoxKernels {
  // out[i * others_count + j]: intersection over union of boxes[i] and others[j].
  void (*overlaps)(const T* boxes, int64_t count, const T* others, int64_t others_count, T* out, Stores stores);
  // kept[b] = 1 for every box b that survives, of those that `order` has. Group g of it, from ends[g - 1] to ends[g], is
  // one class in order of score; groups do not suppress each other. `kept` is 0 at first.
  void (*suppress)(const T* boxes, const uint32_t* order, const int64_t* ends, int64_t groups, Threshold<T> threshold,
                   uint8_t* kept);
  // `batch` times `count` offsets, `count` anchors.
  void (*decode)(const T* offsets, const T* anchors, int64_t batch, int64_t count, Decoding<T> decoding, T* out,
                 Stores stores);
};

// The kernels compiled for one set of vector instructions.
struct BoxVariant {
  BoxKernels<float> of_float;
  BoxKernels<double> of_double;

  template <typename T>
  const BoxKernels<T>& of() const {
    if constexpr (std::is_same_v<T, float>) {
      return of_float;
    } else {
      return of_double;
    }
  }
};

}  // namespace opbench
