// The matrix of overlaps: a box against a register of others.
#pragma once

#include <algorithm>

#include "../../../cross_hadamard/csrc/cpu/sharing.h"
#include "corners.h"

namespace opbench::OPBENCH_VARIANT {

// The share of their union that boxes have in common; 0 where that is no area, NaN where a coordinate is.
template <typename T>
inline Vec<T> overlap(const Corners<T>& a, const Corners<T>& b) {
  const Common<T> both = common(a, b);
  const Vec<T> shared = both.area(), either = a.area + b.area - shared;
  const Vec<T> nothing = either.lanes == either.lanes ? Vec<T>(0).lanes : either.lanes;
  return select(both.exists() & greater(shared, Vec<T>(0)), shared / either, nothing);
}

// out[j] = overlap(box, others[from + j]).
template <Stores stores, typename T>
void overlap_row(const Corners<T>& box, const Columns<T>& others, int64_t from, int64_t count, T* out) {
  constexpr int64_t width = Vec<T>::width;
  int64_t at = 0;
  const auto some = [&](int64_t elements) {
    if (elements == 0) return;
    overlap(box, others.load(from + at)).store(out + at, elements);
    at += elements;
  };
  if constexpr (stores == Stores::streaming) some(before_aligned(out, count));
  for (; at + width <= count; at += width) put<stores>(out + at, overlap(box, others.load(from + at)));
  some(count - at);
  if constexpr (stores == Stores::streaming) drain_streams();
}

// Others at a time: their coordinates and areas, 20 KiB of float, stay in the first cache while rows go by.
constexpr int64_t kPiece = 1024;

// Bytes of output worth a thread of their own.
constexpr int64_t kPart = int64_t{64} << 10;

template <typename Pool, typename T>
void overlaps(const Pool& pool, const T* boxes, int64_t count, const T* others, int64_t others_count, T* out, Stores stores) {
  if (count == 0 || others_count == 0) return;
  Columns<T> columns(others_count);
  for (int64_t j = 0; j < others_count; ++j) columns.set(j, others + 4 * j);
  const int64_t pieces = (others_count + kPiece - 1) / kPiece, each = std::min(kPiece, others_count);
  pool.parallel_for(count * pieces, std::max<int64_t>(1, part<T>(kPart) / each), [&](int64_t first, int64_t last) {
    for (int64_t unit = first; unit < last; ++unit) {
      const int64_t row = unit / pieces, from = unit % pieces * kPiece, size = std::min(kPiece, others_count - from);
      T* const to = out + row * others_count + from;
      stores == Stores::streaming ? overlap_row<Stores::streaming>(broadcast(boxes + 4 * row), columns, from, size, to)
                                  : overlap_row<Stores::cached>(broadcast(boxes + 4 * row), columns, from, size, to);
    }
  });
}

}  // namespace opbench::OPBENCH_VARIANT
