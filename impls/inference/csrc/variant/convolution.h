// A convolution as a matrix product: 1x1 of the pixels themselves, others of windows copied into rows, a few at a time.
#pragma once

#include "../weights.h"
#include "sharing.h"

namespace opbench::OPBENCH_VARIANT {

class Convolution : public Layer {
 public:
  explicit Convolution(const bottlenecks::ConvolutionWeights& w)
      : inputs_(w.inputs),
        height_(w.height),
        width_(w.width),
        stride_(w.stride),
        padding_(w.padding),
        hardswish_(w.hardswish),
        nchw_(w.nchw),
        bias_(padded(w.bias, w.outputs)) {
    const int64_t area = height_ * width_, depth = inputs_ * area;
    if (nchw_ || area == 1) {
      panels_ = Panels(w.weight, w.outputs, depth, depth, 1);
      return;
    }
    Draft turned(w.outputs * depth);  // channels innermost, as x has them
    for (int64_t o = 0; o < w.outputs; ++o) {
      for (int64_t c = 0; c < inputs_; ++c) {
        for (int64_t tap = 0; tap < area; ++tap) {
          turned[o * depth + tap * inputs_ + c] = w.weight[o * depth + c * area + tap];
        }
      }
    }
    panels_ = Panels(turned.data(), w.outputs, depth, depth, 1);
  }

  // Of an image in the order (channels, height, width) `in` says the same sizes.
  Shape output(Shape in) const override {
    if (in.channels != inputs_) bottlenecks::refuse_channels("convolution", in.channels, inputs_);
    const Shape out{in.batch, edge(in.height, height_), edge(in.width, width_), panels_.outputs()};
    if (out.height <= 0 || out.width <= 0) bottlenecks::refuse_map("convolution", in, height_, width_, stride_);
    return out;
  }

  int64_t scratch_bytes(Shape, int members) const override { return copies() ? members * own_bytes() : 0; }

  void work(Team& team, Shape in, const float* x, float* y, char* scratch) const override {
    const Shape out = output(in);
    const Pieces pieces = Pieces::of(in.batch * out.pixels(), panels_.count(), team.members());
    share(team, pieces.count(), [&](int64_t piece) {
      auto* const rows = reinterpret_cast<float*>(scratch + team.member() * own_bytes());
      const Span pixels = pieces.pixels_of(piece), panels = pieces.panels_of(piece);
      for (int64_t pixel = pixels.from; pixel < pixels.to; pixel += kTilePixels) {
        const Span tile{pixel, smaller(pixel + kTilePixels, pixels.to)};
        const float* from = copies() ? rows : x + pixel * inputs_;
        if (copies()) copy(in, out, x, tile, rows);
        multiply(panels_, panels, tile, {bias_.data(), hardswish_, false}, [&](Strip& strip, int64_t at, int64_t to) {
          strip.from[at] = from + (to - pixel) * panels_.depth();
          strip.to[at] = y + to * out.channels;
        });
      }
    });
  }

 private:
  // Pixels whose values stay in the first-level cache while the panels go by.
  static constexpr int64_t kTilePixels = 8 * kStrip;

  bool copies() const { return nchw_ || height_ * width_ > 1 || stride_ > 1 || padding_ > 0; }
  int64_t own_bytes() const { return float_bytes(kTilePixels * panels_.depth()); }
  int64_t edge(int64_t in, int64_t kernel) const {
    const int64_t room = in + 2 * padding_ - kernel;
    return room < 0 ? 0 : room / stride_ + 1;
  }

  // The windows of some output pixels, one behind the other, zeros where they are beyond the edge. A row of a window is
  // one run of values in x; runs that start alike in all windows are copied together, since a window's are far apart.
  void copy(const Shape& in, const Shape& out, const float* x, Span pixels, float* to) const {
    const int64_t each = nchw_ ? 1 : inputs_, planes = nchw_ ? inputs_ : 1, depth = panels_.depth();
    for (int64_t pixel = pixels.from; pixel < pixels.to;) {
      const int64_t row = pixel / out.width, column = pixel % out.width;
      const int64_t count = smaller(pixels.to - pixel, out.width - column);
      const float* sample = x + row / out.height * in.sample();
      const int64_t top = row % out.height * stride_ - padding_;
      for (int64_t run = 0; run < planes * height_; ++run) {
        const int64_t y = top + run % height_;
        const float* from = sample + (run / height_ * in.pixels() + y * in.width) * each;
        const bool seen = y >= 0 && y < in.height;
        copy_runs(seen ? in.width : 0, each, column * stride_ - padding_, count, from, to + run * width_ * each);
      }
      pixel += count;
      to += count * depth;
    }
  }

  // A run of each of `count` windows, the first from column `left` on; columns [0, edge) are there.
  void copy_runs(int64_t edge, int64_t each, int64_t left, int64_t count, const float* from, float* to) const {
    const int64_t depth = panels_.depth();
    if (left >= 0 && left + (count - 1) * stride_ + width_ <= edge) {
      if (each == 1 && width_ == 4) {
        for (int64_t at = 0; at < count; ++at) std::memcpy(to + at * depth, from + left + at * stride_, 4 * sizeof(float));
      } else {
        const auto bytes = static_cast<size_t>(width_ * each) * sizeof(float);
        for (int64_t at = 0; at < count; ++at) std::memcpy(to + at * depth, from + (left + at * stride_) * each, bytes);
      }
      return;
    }
    for (int64_t at = 0; at < count; ++at, left += stride_, to += depth) {
      for (int64_t i = 0; i < width_ * each; ++i) {
        const int64_t column = left + i / each;
        to[i] = column >= 0 && column < edge ? from[left * each + i] : 0.0f;
      }
    }
  }

  int64_t inputs_, height_, width_, stride_, padding_;
  bool hardswish_, nchw_;
  Panels panels_;
  Buffer bias_;
};

}  // namespace opbench::OPBENCH_VARIANT
