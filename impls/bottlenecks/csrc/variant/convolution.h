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
    Buffer turned(w.outputs * depth);  // channels innermost, as x has them
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
        for (int64_t at = tile.from; copies() && at < tile.to; ++at) copy(in, out, x, at, rows + (at - pixel) * panels_.depth());
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

  // The window of one output pixel, zeros where it is beyond the edge.
  void copy(const Shape& in, const Shape& out, const float* x, int64_t pixel, float* to) const {
    const int64_t sample = pixel / out.pixels(), inside = pixel % out.pixels();
    const int64_t top = inside / out.width * stride_ - padding_, left = inside % out.width * stride_ - padding_;
    const int64_t from = larger(0, -left), end = larger(from, smaller(width_, in.width - left));
    const int64_t each = nchw_ ? 1 : inputs_, planes = nchw_ ? inputs_ : 1;
    x += sample * in.sample();
    for (int64_t plane = 0; plane < planes; ++plane, x += in.pixels()) {
      for (int64_t ky = 0; ky < height_; ++ky, to += width_ * each) {
        const int64_t y = top + ky;
        const bool inside_rows = y >= 0 && y < in.height;
        const int64_t begins = inside_rows ? from : width_, ends = inside_rows ? end : width_;
        for (int64_t i = 0; i < begins * each; ++i) to[i] = 0;
        const float* row = x + (y * in.width + left) * each;
        for (int64_t i = begins * each; i < ends * each; ++i) to[i] = row[i];
        for (int64_t i = ends * each; i < width_ * each; ++i) to[i] = 0;
      }
    }
  }

  int64_t inputs_, height_, width_, stride_, padding_;
  bool hardswish_, nchw_;
  Panels panels_;
  Buffer bias_;
};

}  // namespace opbench::OPBENCH_VARIANT
