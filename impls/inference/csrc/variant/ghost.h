// The adaptive bottleneck expanded by Ghost, in one pass: half of the channels by a 1x1 convolution, the others by a 3x3
// depthwise one of those, then the depthwise convolution and the projection. A panel of the first half is there at a time.
#pragma once

#include "projection.h"
#include "sharing.h"
#include "window.h"

namespace opbench::OPBENCH_VARIANT {

// Bytes of a panel of primary channels that a tile of rows may take: half of a second-level cache of 1 MiB, beside weights, x
// and the sums. us of one thread of an EPYC 9004 by 256, 384 and 512 KiB, at maps of 56x56 to 28x28: 32 channels 333, 330,
// 325; 48 channels 636, 630, 616. Maps of 28x28 and less fit whole.
constexpr int64_t kPrimaryBytes = int64_t{512} << 10;

class GhostBottleneck : public Layer {
 public:
  explicit GhostBottleneck(const bottlenecks::GhostWeights& w)
      : windows_{{w.depthwise.height, w.depthwise.width, w.depthwise.stride, true}},
        half_(w.primary.outputs),
        expanded_(w.project.inputs),
        residual_(w.residual),
        primary_(w.primary.weight, w.primary.outputs, w.primary.inputs, w.primary.inputs, 1),
        primary_bias_(padded(w.primary.bias, w.primary.outputs)),
        projection_(w.project) {
    pack_units(w);
    for (int64_t panel = 0; panel < primary_.count(); ++panel) {
      const int64_t first = panel * kPanel, width = primary_.lanes(panel) * kLanes;
      blocks_.push_back({{panel * kPanelLanes, panel * kPanelLanes + primary_.lanes(panel)},
                         segments_of(w.project, 0, 2 * width, [&](int64_t column) { return channel_of(first, width, column); })});
    }
  }

  Shape output(Shape in) const override {
    if (in.channels != primary_.depth()) bottlenecks::refuse_channels("ghost_bottleneck", in.channels, primary_.depth());
    return windows_.output(in, projection_.outputs(), "ghost_bottleneck");
  }

  int64_t scratch_bytes(Shape in, int members) const override {
    return members * own_bytes(in, output(in));
  }

  void work(Team& team, Shape in, const float* x, float* y, char* scratch) const override {
    const Shape out = output(in);
    const int64_t bytes = own_bytes(in, out), most = tile_rows(in, out.height);
    // Whole tiles where there are enough of them, since of every tile two rows are made twice.
    const int64_t tasks = smaller(smaller(team.members(), in.batch * out.height), Team::kMostTasks);
    team.each(static_cast<int>(tasks), [&](int task) {
      Carver carver(scratch + team.member() * bytes);
      const Own own(*this, in, out, most, carver);
      const Span rows = share_of(in.batch * out.height, task, tasks);
      for (int64_t row = rows.from; row < rows.to;) {
        const int64_t sample = row / out.height, first = row % out.height;
        const int64_t left = smaller(rows.to - row, out.height - first), tiles = ceil_div(left, most);
        const int64_t count = ceil_div(left, tiles);
        tile({*this, in, first, count}, in, out, x + sample * in.sample(), y + sample * out.sample(), own);
        row += count;
      }
    });
  }

 private:
  // Where the windows of some output rows lie: image rows [from, to) are seen by them, and the cheap half sees one more
  // on every side. Both halves have a border of `left` columns before the image.
  struct Tile {
    int64_t first, rows;
    int64_t window, window_rows;  // first row, may be above the image, and how many
    int64_t left, columns;        // of the bordered maps
    int64_t from, to;             // rows of the image that windows see
    int64_t wide_from, wide_to;   // and that the cheap half sees
    Tile(const GhostBottleneck& layer, const Shape& in, int64_t row, int64_t count)
        : first(row),
          rows(count),
          window(row * layer.windows_.taps.stride - layer.windows_.top()),
          window_rows((count - 1) * layer.windows_.taps.stride + layer.windows_.taps.height),
          left(larger(1, layer.windows_.left())),
          columns(left + larger(in.width + 1, layer.windows_.bordered_columns(in.width) - layer.windows_.left())),
          from(larger(0, window)),
          to(smaller(in.height, window + window_rows)),
          wide_from(larger(0, window - 1)),
          wide_to(smaller(in.height, window + window_rows + 1)) {}

    // Maps of the primary half have a row before the windows' first and one behind their last.
    int64_t map_rows() const { return window_rows + 2; }
    int64_t floats() const { return map_rows() * columns * kLanes; }
    int64_t at(int64_t y, int64_t x) const { return ((y - window + 1) * columns + x + left) * kLanes; }
  };

  struct Own {
    float *primary, *cheap, *columns;
    Own(const GhostBottleneck& layer, const Shape& in, const Shape& out, int64_t rows, Carver& carver) {
      const Tile tile(layer, in, 0, rows);
      primary = carver.floats(kPanelLanes * tile.floats());
      cheap = carver.floats(tile.floats());
      columns = carver.floats(rows * out.width * 2 * kPanel);
    }
  };

  int64_t own_bytes(const Shape& in, const Shape& out) const {
    Carver carver(nullptr);
    Own(*this, in, out, tile_rows(in, out.height), carver);
    return carver.bytes();
  }

  int64_t tile_rows(const Shape& in, int64_t rows) const {
    const Tile one(*this, in, 0, 1);
    const int64_t line = one.columns * kPanel * static_cast<int64_t>(sizeof(float));
    const int64_t fit = (kPrimaryBytes / line - 2 - windows_.taps.height) / windows_.taps.stride + 1;
    return larger(1, smaller(rows, fit));
  }

  // In the columns of a panel stand its primary channels, and behind whole registers of them the cheap ones.
  int64_t channel_of(int64_t first, int64_t width, int64_t column) const {
    const int64_t primary = first + column % width, channel = column < width ? primary : half_ + primary;
    return primary < half_ && channel < expanded_ ? channel : -1;
  }

  void pack_units(const bottlenecks::GhostWeights& w) {
    const int64_t units = ceil_div(half_, kLanes), floats = windows_.taps.floats();
    filters_ = Buffer(2 * units * floats);
    cheap_ = Buffer(units * kCheap.floats());
    for (int64_t channel = 0; channel < half_; ++channel) {
      const int64_t unit = channel / kLanes, lane = channel % kLanes;
      pack_taps(kCheap, w.cheap_weight, w.cheap_bias, lane, channel, cheap_.data() + unit * kCheap.floats());
      pack_taps(windows_.taps, w.depthwise.weight, w.depthwise.bias, lane, channel, filters_.data() + unit * floats);
      if (half_ + channel >= expanded_) continue;
      pack_taps(windows_.taps, w.depthwise.weight, w.depthwise.bias, lane, half_ + channel,
                filters_.data() + (units + unit) * floats);
    }
  }

  void tile(const Tile& t, const Shape& in, const Shape& out, const float* x, float* y, const Own& own) const {
    for (int64_t lane = 0; lane < kPanelLanes; ++lane) {
      zero_border(own.primary + lane * t.floats(), t.map_rows(), t.columns, t.wide_from - t.window + 1, t.left,
                  t.wide_to - t.wide_from, in.width);
    }
    zero_border(own.cheap, t.map_rows(), t.columns, t.from - t.window + 1, t.left, t.to - t.from, in.width);
    const int64_t start = t.first * out.width;
    const Projected projected{own.columns, 2 * kPanel, y + start * out.channels, residual_ ? x + start * out.channels : nullptr};
    for (const Block& block : blocks_) {
      make_primary(t, in, x, block, own);
      for (int64_t unit = block.units.from; unit < block.units.to; ++unit) filter_unit(t, in, out, block, unit, own);
      projection_.add(block, projected, {0, projection_.panels()}, {0, t.rows * out.width}, &block == &blocks_.front(),
                      &block == &blocks_.back());
    }
  }

  void make_primary(const Tile& t, const Shape& in, const float* x, const Block& block, const Own& own) const {
    const int64_t panel = block.units.from / kPanelLanes;
    const Ends ends{primary_bias_.data(), true, false, t.floats(), true};
    float* const to = own.primary - block.units.from * t.floats();
    const Span pixels{t.wide_from * in.width, t.wide_to * in.width};
    Walk walk(in.width);
    multiply(primary_, {panel, panel + 1}, pixels, ends, [&](Strip& strip, int64_t at, int64_t pixel) {
      const int64_t y = walk.row(pixel);
      strip.from[at] = x + pixel * in.channels;
      strip.to[at] = to + t.at(y, walk.column(pixel));
    });
  }

  // A register of the primary half and the cheap one that is made of it, both filtered.
  void filter_unit(const Tile& t, const Shape& in, const Shape& out, const Block& block, int64_t unit, const Own& own) const {
    const int64_t row = t.columns * kLanes, width = (block.units.to - block.units.from) * kLanes;
    const int64_t seen = t.at(t.window, -windows_.left());
    const float* primary = own.primary + (unit - block.units.from) * t.floats();
    float* const column = own.columns + (unit - block.units.from) * kLanes;
    const float* const taps = filters_.data() + unit * windows_.taps.floats();
    const Span image{t.from - t.window, t.to - t.window}, wide{t.wide_from - t.from + 1, t.wide_to - t.from + 1};
    filter({primary + seen, row, column, out.width * 2 * kPanel, 2 * kPanel, t.rows, out.width, image}, windows_.taps, taps);
    filter({primary + t.at(t.from - 1, -1), row, own.cheap + t.at(t.from, 0), row, kLanes, t.to - t.from, in.width, wide},
           kCheap, cheap_.data() + unit * kCheap.floats());
    filter({own.cheap + seen, row, column + width, out.width * 2 * kPanel, 2 * kPanel, t.rows, out.width, image},
           windows_.taps, taps + ceil_div(half_, kLanes) * windows_.taps.floats());
  }

  static constexpr Taps kCheap{3, 3, 1, false};

  Windows windows_;
  int64_t half_, expanded_;
  bool residual_;
  Panels primary_;
  Buffer primary_bias_;
  Projection projection_;
  Buffer cheap_, filters_;
  std::vector<Block> blocks_;
};

}  // namespace opbench::OPBENCH_VARIANT
