// A blocked matrix product: (pixels, depth) x (depth, outputs), the outputs packed in panels.
//
// Registers hold a strip of pixels times a panel. Of each pixel one value at a time is broadcast, so that pixels may lie
// anywhere: a strip is given as pointers. The outputs may lie anywhere too, a register's worth at a time.
#pragma once

#include "lanes.h"

namespace opbench::OPBENCH_VARIANT {

#if defined(__AVX512F__) || defined(__aarch64__)
constexpr int64_t kPanelLanes = 4;  // 6 x 4 sums, 4 weights and a broadcast of 32 registers
#else
constexpr int64_t kPanelLanes = 2;  // 6 x 2 sums, 2 weights and a broadcast of 16 registers
#endif
constexpr int64_t kStrip = 6;
constexpr int64_t kPanel = kPanelLanes * kLanes;

// Weights of `outputs` x `depth`, panel by panel, in each the outputs of one depth side by side.
class Panels {
 public:
  Panels() = default;
  // weights[o * by_output + d * by_depth].
  Panels(const float* weights, int64_t outputs, int64_t depth, int64_t by_output, int64_t by_depth)
      : outputs_(outputs), depth_(depth), packed_(round_up(outputs, kLanes) * depth) {
    for (int64_t o = 0; o < outputs; ++o) {
      const int64_t panel = o / kPanel, width = lanes(panel) * kLanes;
      float* const to = packed_.data() + panel * kPanel * depth + o % kPanel;
      for (int64_t d = 0; d < depth; ++d) to[d * width] = weights[o * by_output + d * by_depth];
    }
  }

  int64_t outputs() const { return outputs_; }
  int64_t depth() const { return depth_; }
  int64_t count() const { return ceil_div(outputs_, kPanel); }
  // Registers of a panel, and how many lanes of the last are outputs.
  int64_t lanes(int64_t panel) const { return ceil_div(width(panel), kLanes); }
  int64_t tail(int64_t panel) const { return width(panel) - (lanes(panel) - 1) * kLanes; }
  int64_t width(int64_t panel) const { return smaller(kPanel, outputs_ - panel * kPanel); }
  const float* data(int64_t panel) const { return packed_.data() + panel * kPanel * depth_; }

 private:
  int64_t outputs_ = 0, depth_ = 0;
  Buffer packed_;
};

// Where a strip comes from and goes to.
struct Strip {
  const float* from[kStrip];
  float* to[kStrip];
  const float* added[kStrip];  // the residual, read where `Ends::residual`
};

// How sums begin and end.
struct Ends {
  const float* bias;  // of all outputs, padded; null where sums go on from what is there
  bool hardswish;
  bool residual;
  int64_t apart = kLanes;  // floats from one register of a pixel's outputs to the next
  bool whole = false;      // whether the lanes past the last output may be written
};

// What one call of a strip's kernel is told of its panel.
struct Slab {
  const float* weights;
  int64_t depth, offset, apart, tail;  // offset: of the panel in a pixel's outputs
  const float* bias;
  bool hardswish, residual;
};

template <int V>
inline Floats load_lanes(const float* from, int v, int64_t tail) {
  return v + 1 < V || tail == kLanes ? Floats::load(from) : Floats::load(from, tail);
}

template <int R, int V>
void strip_product(const Strip& strip, const Slab& slab) {
  Floats::Lanes sums[R][V];
  const int64_t apart = slab.apart;
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r) {
#pragma GCC unroll 4
    for (int v = 0; v < V; ++v) {
      sums[r][v] = slab.bias != nullptr ? Floats::load(slab.bias + v * kLanes).lanes
                                        : load_lanes<V>(strip.to[r] + slab.offset + v * apart, v, slab.tail).lanes;
    }
  }
  const float* from[R];
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r) from[r] = strip.from[r];
  const float* weights = slab.weights;
  for (int64_t d = 0; d < slab.depth; ++d, weights += V * kLanes) {
    Floats::Lanes weight[V];
#pragma GCC unroll 4
    for (int v = 0; v < V; ++v) weight[v] = Floats::load(weights + v * kLanes).lanes;
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) {
      const float value = from[r][d];
#pragma GCC unroll 4
      for (int v = 0; v < V; ++v) sums[r][v] += value * weight[v];
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r) {
#pragma GCC unroll 4
    for (int v = 0; v < V; ++v) {
      Floats sum = sums[r][v];
      if (slab.hardswish) sum = hardswish(sum);
      if (slab.residual) sum = sum + load_lanes<V>(strip.added[r] + slab.offset + v * apart, v, slab.tail);
      float* const to = strip.to[r] + slab.offset + v * apart;
      v + 1 < V || slab.tail == kLanes ? sum.store(to) : sum.store(to, slab.tail);
    }
  }
}

template <int R>
inline void strip_of(int64_t lanes, const Strip& strip, const Slab& slab) {
  switch (lanes) {
    case 1:
      return strip_product<R, 1>(strip, slab);
    case 2:
      return strip_product<R, 2>(strip, slab);
#if defined(__AVX512F__) || defined(__aarch64__)
    case 3:
      return strip_product<R, 3>(strip, slab);
    case 4:
      return strip_product<R, 4>(strip, slab);
#endif
  }
}

inline void strip_of_rows(int64_t rows, int64_t lanes, const Strip& strip, const Slab& slab) {
  switch (rows) {
    case 1:
      return strip_of<1>(lanes, strip, slab);
    case 2:
      return strip_of<2>(lanes, strip, slab);
    case 3:
      return strip_of<3>(lanes, strip, slab);
    case 4:
      return strip_of<4>(lanes, strip, slab);
    case 5:
      return strip_of<5>(lanes, strip, slab);
    default:
      return strip_of<6>(lanes, strip, slab);
  }
}

// Pixels [pixels.from, pixels.to) times panels [panels.from, panels.to). place(strip, at, pixel) fills entry `at`.
// Each panel stays in the first-level cache while the pixels go by.
template <typename Place>
void multiply(const Panels& weights, Span panels, Span pixels, const Ends& ends, const Place& place) {
  for (int64_t panel = panels.from; panel < panels.to; ++panel) {
    const int64_t lanes = weights.lanes(panel);
    const Slab slab{weights.data(panel),
                    weights.depth(),
                    panel * kPanelLanes * ends.apart,
                    ends.apart,
                    ends.whole ? kLanes : weights.tail(panel),
                    ends.bias == nullptr ? nullptr : ends.bias + panel * kPanel,
                    ends.hardswish,
                    ends.residual};
    for (int64_t pixel = pixels.from; pixel < pixels.to; pixel += kStrip) {
      Strip strip;
      const int64_t rows = smaller(kStrip, pixels.to - pixel);
      for (int64_t at = 0; at < rows; ++at) place(strip, at, pixel + at);
      strip_of_rows(rows, lanes, strip, slab);
    }
  }
}

}  // namespace opbench::OPBENCH_VARIANT
