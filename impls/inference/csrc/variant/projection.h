// The 1x1 convolution behind a depthwise one: its sums take in some expanded channels at a time, a block.
#pragma once

#include <vector>

#include "../weights.h"
#include "product.h"

namespace opbench::OPBENCH_VARIANT {

// Registers of filtered channels that the projection takes in together: 64 channels of AVX-512, so that a panel of 64
// outputs has 16 KiB and loading and storing the sums is 4 % of the work.
constexpr int64_t kBlockUnits = 64 / kLanes;

// Neighbouring columns of a block, and the weights of the expanded channels that stand in them.
struct Segment {
  int64_t column;
  Panels weights;
};

// Registers [units.from, units.to) of the expanded channels.
struct Block {
  Span units;
  std::vector<Segment> segments;
};

// Sums of `pixels` pixels, that lie one behind the other in all three tensors.
struct Projected {
  const float* columns;  // filtered channels, `row` floats a pixel
  int64_t row;
  float* y;             // `outputs` floats a pixel
  const float* residual;  // as y, or null
};

class Projection {
 public:
  explicit Projection(const bottlenecks::LinearWeights& w) : outputs_(w.outputs), bias_(padded(w.bias, w.outputs)) {}

  int64_t outputs() const { return outputs_; }
  int64_t panels() const { return ceil_div(outputs_, kPanel); }

  // Adds a block's share to the sums of some panels and pixels: the first block begins them, the last ends them.
  void add(const Block& block, const Projected& p, Span panels, Span pixels, bool first, bool last) const {
    for (const Segment& segment : block.segments) {
      const bool begins = first && &segment == &block.segments.front(), ends = last && &segment == &block.segments.back();
      const Ends how{begins ? bias_.data() : nullptr, false, ends && p.residual != nullptr};
      multiply(segment.weights, panels, pixels, how, [&](Strip& strip, int64_t at, int64_t pixel) {
        strip.from[at] = p.columns + pixel * p.row + segment.column;
        strip.to[at] = p.y + pixel * outputs_;
        if (how.residual) strip.added[at] = p.residual + pixel * outputs_;
      });
    }
  }

 private:
  int64_t outputs_;
  Buffer bias_;
};

// The columns [from, to) as segments. channel_of(column) is the expanded channel that stands there, negative for none: such
// columns are left out, so that nothing of theirs is added.
template <typename ChannelOf>
std::vector<Segment> segments_of(const bottlenecks::LinearWeights& w, int64_t from, int64_t to, const ChannelOf& channel_of) {
  std::vector<Segment> found;
  for (int64_t start = from; start < to;) {
    if (channel_of(start) < 0) {
      ++start;
      continue;
    }
    int64_t end = start;
    while (end < to && channel_of(end) >= 0) ++end;
    Draft gathered(w.outputs * (end - start));
    for (int64_t column = start; column < end; ++column) {
      for (int64_t o = 0; o < w.outputs; ++o) {
        gathered[(column - start) * w.outputs + o] = w.weight[o * w.inputs + channel_of(column)];
      }
    }
    found.push_back({start - from, Panels(gathered.data(), w.outputs, end - start, 1, w.outputs)});
    start = end;
  }
  return found;
}

}  // namespace opbench::OPBENCH_VARIANT
