// Where the windows of a depthwise convolution lie on a map, and the border of zeros that they need.
#pragma once

#include "depthwise.h"

namespace opbench::OPBENCH_VARIANT {

// At stride 1 the edge stays: an even window sees one more row and column behind than before. Otherwise the border is
// (kernel - 1) / 2 on every side.
struct Windows {
  Taps taps;
  int64_t top() const { return (taps.height - 1) / 2; }
  int64_t left() const { return (taps.width - 1) / 2; }
  int64_t rows(int64_t height) const { return outputs(height, taps.height); }
  int64_t columns(int64_t width) const { return outputs(width, taps.width); }
  // Of a map with its border: from the border before to the last window's end, at least to the map's.
  int64_t bordered_rows(int64_t height) const { return bordered(height, taps.height); }
  int64_t bordered_columns(int64_t width) const { return bordered(width, taps.width); }

  Shape output(const Shape& in, int64_t channels, const char* what) const {
    const Shape out{in.batch, rows(in.height), columns(in.width), channels};
    if (out.height <= 0 || out.width <= 0) bottlenecks::refuse_map(what, in, taps.height, taps.width, taps.stride);
    return out;
  }

 private:
  int64_t outputs(int64_t edge, int64_t kernel) const {
    if (taps.stride == 1) return edge;
    const int64_t room = edge + (kernel - 1) / 2 * 2 - kernel;
    return room < 0 ? 0 : room / taps.stride + 1;
  }
  int64_t bordered(int64_t edge, int64_t kernel) const {
    return larger((kernel - 1) / 2 + edge, (outputs(edge, kernel) - 1) * taps.stride + kernel);
  }
};

// Goes along pixels in their order, with no division for each.
class Walk {
 public:
  explicit Walk(int64_t width) : width_(width) {}
  int64_t row(int64_t pixel) {
    if (pixel < start_ || pixel >= start_ + width_) {
      row_ = pixel == start_ + width_ ? row_ + 1 : pixel / width_;
      start_ = row_ * width_;
    }
    return row_;
  }
  int64_t column(int64_t pixel) const { return pixel - start_; }  // after `row` of the same pixel

 private:
  int64_t width_, row_ = 0, start_ = 0;
};

// Zeros around `rows` x `columns` of a map (all_rows, all_columns, kLanes), whose first value stands at (top, left).
inline void zero_border(float* map, int64_t all_rows, int64_t all_columns, int64_t top, int64_t left, int64_t rows,
                        int64_t columns) {
  const auto zero = [map, all_columns](int64_t row, int64_t from, int64_t to) {
    if (to > from) {
      std::memset(map + (row * all_columns + from) * kLanes, 0, static_cast<size_t>((to - from) * kLanes) * sizeof(float));
    }
  };
  for (int64_t row = 0; row < all_rows; ++row) {
    const bool inside = row >= top && row < top + rows;
    zero(row, 0, inside ? left : all_columns);
    if (inside) zero(row, left + columns, all_columns);
  }
}

}  // namespace opbench::OPBENCH_VARIANT
