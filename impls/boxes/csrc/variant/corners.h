// Registers of boxes as registers of coordinates, and what two boxes have in common.
#pragma once

#include "../../../cross_hadamard/csrc/cpu/vector/memory.h"
#include "masks.h"

namespace opbench::OPBENCH_VARIANT {

// Of as many boxes as a register has lanes.
template <typename T>
struct Corners {
  Vec<T> x1, y1, x2, y2, area;
};

// One box in every lane. The area is that of PyTorch's steps, each rounded.
template <typename T>
inline Corners<T> broadcast(const T* box) {
  const Vec<T> x1(box[0]), y1(box[1]), x2(box[2]), y2(box[3]);
  return {x1, y1, x2, y2, rounded((x2 - x1) * (y2 - y1))};
}

// Coordinates of boxes, each in a row of its own that begins on a cache line. A register may be loaded from every box on;
// lanes beyond the last box have values that mean nothing. A thread may have one at a time.
template <typename T>
class Columns {
 public:
  explicit Columns(int64_t count)
      : stride_((count + kLineful - 1) / kLineful * kLineful), values_(5 * stride_ + Vec<T>::width) {}

  void set(int64_t at, const T* box) {
    for (int64_t axis = 0; axis < 4; ++axis) column(axis)[at] = box[axis];
    column(4)[at] = (box[2] - box[0]) * (box[3] - box[1]);
  }
  // Box `from` in place of box `to`.
  void move(int64_t from, int64_t to) {
    for (int64_t axis = 0; axis < 5; ++axis) column(axis)[to] = column(axis)[from];
  }
  Corners<T> load(int64_t at) const {
    return {Vec<T>::load(column(0) + at), Vec<T>::load(column(1) + at), Vec<T>::load(column(2) + at),
            Vec<T>::load(column(3) + at), Vec<T>::load(column(4) + at)};
  }
  // Box `at` in every lane.
  Corners<T> spread(int64_t at) const {
    return {Vec<T>(column(0)[at]), Vec<T>(column(1)[at]), Vec<T>(column(2)[at]), Vec<T>(column(3)[at]),
            Vec<T>(column(4)[at])};
  }
  T* column(int64_t axis) const { return values_.data() + axis * stride_; }

 private:
  static constexpr int64_t kLineful = kLine / static_cast<int64_t>(sizeof(T));
  int64_t stride_;
  Scratch<T> values_;
};

// The rectangle that two boxes have in common. Where a side is not positive, or a NaN, there is none.
template <typename T>
struct Common {
  Vec<T> x1, y1, x2, y2;

  Mask<T> exists() const { return greater(x2, x1) & greater(y2, y1); }
  Vec<T> area() const { return rounded((x2 - x1) * (y2 - y1)); }
};

template <typename T>
inline Common<T> common(const Corners<T>& a, const Corners<T>& b) {
  return {larger(a.x1, b.x1), larger(a.y1, b.y1), smaller(a.x2, b.x2), smaller(a.y2, b.y2)};
}

}  // namespace opbench::OPBENCH_VARIANT
