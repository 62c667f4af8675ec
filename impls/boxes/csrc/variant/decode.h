// Boxes of offsets from anchors: registers of boxes are turned to registers of coordinates, and back.
#pragma once

#include <algorithm>
#include <array>
#include <utility>

#include "../../../cross_hadamard/csrc/cpu/sharing.h"
#include "../../../cross_hadamard/csrc/cpu/vector/exponential.h"
#include "../boxes.h"

namespace opbench::OPBENCH_VARIANT {

// As many rows of four elements as a register has lanes.
template <typename T>
using Four = std::array<Vec<T>, 4>;

// Every lane of the pair of `a` and `b` that `bit` of its number sends to the other is exchanged.
template <int bit, typename T>
inline void exchange(Vec<T>& a, Vec<T>& b) {
#if defined(__GNUC__) && !defined(__clang__)
  using Integer = std::conditional_t<sizeof(T) == sizeof(int64_t), int64_t, int32_t>;
  typedef Integer Places __attribute__((vector_size(kVector)));
  constexpr int64_t width = Vec<T>::width;
  Places low{}, high{};
  for (int64_t lane = 0; lane < width; ++lane) {
    const bool second = (lane & bit) != 0;
    low[lane] = static_cast<Integer>(second ? width + lane - bit : lane);
    high[lane] = static_cast<Integer>(second ? width + lane : lane + bit);
  }
  const auto first = __builtin_shuffle(a.lanes, b.lanes, low);
  b.lanes = __builtin_shuffle(a.lanes, b.lanes, high);
  a.lanes = first;
#else
  for (int64_t lane = 0; lane < Vec<T>::width; ++lane) {
    if ((lane & bit) != 0) std::swap(a.lanes[lane], b.lanes[lane - bit]);
  }
#endif
}

// Each four by four elements of four registers are transposed. Of rows of four this makes registers of columns, in an
// order of rows that is the same in every call, and of those the rows again. Registers of two doubles are taken apart.
template <bool to_rows, typename T>
inline void transpose(Four<T>& values) {
  constexpr int64_t width = Vec<T>::width;
  if constexpr (width >= 4) {
    exchange<1>(values[0], values[1]);
    exchange<1>(values[2], values[3]);
    exchange<2>(values[0], values[2]);
    exchange<2>(values[1], values[3]);
  } else {
    const Four<T> given = values;
    for (int64_t row = 0; row < width; ++row) {
      for (int64_t axis = 0; axis < 4; ++axis) {
        const int64_t at = 4 * row + axis;
        if constexpr (to_rows) {
          values[at / width].lanes[at % width] = given[axis].lanes[row];
        } else {
          values[axis].lanes[row] = given[at / width].lanes[at % width];
        }
      }
    }
  }
}

template <typename T>
inline Vec<T> clipped(const Vec<T>& value, T edge) {
  const auto above = value.lanes > edge ? Vec<T>(edge).lanes : value.lanes;
  return above < 0 ? Vec<T>(0).lanes : above;
}

// One axis: from offsets of centre and side and the anchor's ends to the box's.
template <typename T>
inline void decode_axis(Vec<T>& low, Vec<T>& high, const Vec<T>& anchor_low, const Vec<T>& anchor_high,
                        const Decoding<T>& decoding) {
  const Vec<T> side = anchor_high - anchor_low, middle = multiply_add(side, Vec<T>(T(0.5)), anchor_low);
  const Vec<T> centre = multiply_add(low * Vec<T>(decoding.centre_variance), side, middle);
  const Vec<T> most(decoding.largest_exponent), grown = high * Vec<T>(decoding.side_variance);
  const Vec<T> exponent = grown.lanes > most.lanes ? most.lanes : grown.lanes;
  const Vec<T> small = exponent.lanes < -Reduction<T>::largest ? Vec<T>(0).lanes : exponential(exponent).lanes;
  const Vec<T> half = small * side * Vec<T>(T(0.5));
  low = centre - half;
  high = centre + half;
}

// A register's number of boxes, all of them or `count`.
template <typename T>
Four<T> decode_some(const Four<T>& given, const Four<T>& given_anchors, const Decoding<T>& decoding) {
  Four<T> boxes = given, anchors = given_anchors;
  transpose<false>(boxes);
  transpose<false>(anchors);
  decode_axis(boxes[0], boxes[2], anchors[0], anchors[2], decoding);
  decode_axis(boxes[1], boxes[3], anchors[1], anchors[3], decoding);
  if (decoding.edge > 0) {
    for (Vec<T>& each : boxes) each = clipped(each, decoding.edge);
  }
  transpose<true>(boxes);
  return boxes;
}

template <typename T>
inline Four<T> load_four(const T* from) {
  Four<T> found;
  for (int64_t part = 0; part < 4; ++part) found[part] = Vec<T>::load(from + part * Vec<T>::width);
  return found;
}

// `count` boxes.
template <Stores stores, typename T>
void decode_run(const T* offsets, const T* anchors, int64_t count, const Decoding<T>& decoding, T* out) {
  constexpr int64_t width = Vec<T>::width;
  int64_t at = 0;
  for (; at + width <= count; at += width) {
    const Four<T> found = decode_some(load_four(offsets + 4 * at), load_four(anchors + 4 * at), decoding);
    for (int64_t part = 0; part < 4; ++part) put<stores>(out + 4 * at + part * width, found[part]);
  }
  if (at == count) return;
  std::array<T, 4 * width> offset{}, anchor{}, box;
  std::copy(offsets + 4 * at, offsets + 4 * count, offset.begin());
  std::copy(anchors + 4 * at, anchors + 4 * count, anchor.begin());
  const Four<T> found = decode_some(load_four(offset.data()), load_four(anchor.data()), decoding);
  for (int64_t part = 0; part < 4; ++part) found[part].store(box.data() + part * width);
  std::copy(box.begin(), box.begin() + 4 * (count - at), out + 4 * at);
}

// Boxes worth a thread of their own: so many take 13 us (EPYC 9004 VM), and waking a thread takes 5.
constexpr int64_t kDecoded = 4096;

template <typename Pool, typename T>
void decode(const Pool& pool, const T* offsets, const T* anchors, int64_t batch, int64_t count, Decoding<T> decoding, T* out,
            Stores stores) {
  pool.parallel_for(batch * count, kDecoded, [&](int64_t from, int64_t to) {
    while (from < to) {
      const int64_t anchor = from % count, run = std::min(count - anchor, to - from);
      const bool around = stores == Stores::streaming && is_aligned(out + 4 * from);
      around ? decode_run<Stores::streaming>(offsets + 4 * from, anchors + 4 * anchor, run, decoding, out + 4 * from)
             : decode_run<Stores::cached>(offsets + 4 * from, anchors + 4 * anchor, run, decoding, out + 4 * from);
      from += run;
    }
    if (stores == Stores::streaming) drain_streams();
  });
}

}  // namespace opbench::OPBENCH_VARIANT
