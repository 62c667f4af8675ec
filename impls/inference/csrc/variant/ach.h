// The adaptive bottleneck expanded by cross-Hadamard products, in one pass: mixed channels, selection, pairs, normaliser,
// depthwise convolution and projection. Of the expanded tensor a register's worth of channels is there at a time.
#pragma once

#include "mixing.h"
#include "pairs.h"
#include "projection.h"

namespace opbench::OPBENCH_VARIANT {

// Bytes of one map of expanded channels that a tile of rows may take: with the filtered channels beside it, it stays in a
// first-level cache of 32 KiB.
constexpr int64_t kTileBytes = int64_t{24} << 10;

class AchBottleneck : public bottlenecks::Choosing {
 public:
  explicit AchBottleneck(const bottlenecks::AchWeights& w)
      : mixing_(w),
        windows_{{w.depthwise.height, w.depthwise.width, w.depthwise.stride, true}},
        pairs_(pairs_of(w.k)),
        norm_(pair_kernel(w.norm)),
        alpha_(w.alpha),
        residual_(w.residual),
        projection_(w.project) {
    pack_units(w);
    for (int64_t unit = 0; unit < units(); unit += kBlockUnits) {
      const Span span{unit, smaller(unit + kBlockUnits, units())};
      const auto channel = [this](int64_t column) { return channel_of(column); };
      blocks_.push_back({span, segments_of(w.project, span.from * kLanes, span.to * kLanes, channel)});
    }
  }

  Shape output(Shape in) const override {
    if (in.channels != mixing_.channels()) bottlenecks::refuse_channels("ach_bottleneck", in.channels, mixing_.channels());
    return windows_.output(in, projection_.outputs(), "ach_bottleneck");
  }

  int64_t scratch_bytes(Shape in, int members) const override {
    return Scratch(*this, in, members, nullptr).bytes;
  }

  void work(Team& team, Shape in, const float* x, float* y, char* scratch) const override {
    const Scratch room(*this, in, team.members(), scratch);
    const Shape out = output(in);
    for (int64_t b = 0; b < in.batch; ++b, x += in.sample(), y += out.sample()) {
      mixing_.run(team, room.maps, x, room.mixed, room.sums, room.index);
      const Sample sample{room, out, x, y, team.members()};
      in_rows(out.height, team.members()) ? filter_rows(team, sample) : filter_units(team, sample);
    }
  }

  int64_t chosen() const override { return mixing_.k(); }

  void choose_in(Team& team, Shape in, const float* x, int64_t* index, char* scratch) const override {
    const Scratch room(*this, in, team.members(), scratch);
    for (int64_t b = 0; b < in.batch; ++b, x += in.sample(), index += mixing_.k()) {
      mixing_.run(team, room.maps, x, room.mixed, room.sums, index);
    }
  }

 private:
  int64_t units() const { return mixing_.maps() + ceil_div(pairs_, kLanes); }

  // The expanded channel in a lane of the units, negative for none.
  int64_t channel_of(int64_t column) const {
    const int64_t behind = column - mixing_.maps() * kLanes;
    if (behind < 0) return column < mixing_.channels() ? column : -1;
    if (behind >= pairs_) return -1;
    const Pair pair(behind, mixing_.k());
    return mixing_.channels() + pair.first * (2 * mixing_.k() - pair.first - 1) / 2 + pair.second - pair.first - 1;
  }

  void pack_units(const bottlenecks::AchWeights& w) {
    filters_ = Buffer(units() * windows_.taps.floats());
    weight_ = Buffer(ceil_div(pairs_, kLanes) * kLanes);
    bias_ = Buffer(ceil_div(pairs_, kLanes) * kLanes);
    for (int64_t column = 0; column < units() * kLanes; ++column) {
      const int64_t channel = channel_of(column), pair = channel - mixing_.channels();
      if (channel < 0) continue;
      float* const taps = filters_.data() + column / kLanes * windows_.taps.floats();
      pack_taps(windows_.taps, w.depthwise.weight, w.depthwise.bias, column % kLanes, channel, taps);
      if (pair < 0) continue;
      weight_[column - mixing_.maps() * kLanes] = w.norm_weight[pair];
      bias_[column - mixing_.maps() * kLanes] = w.norm_bias[pair];
    }
  }

  // Whether members take rows, which costs the expansion of rows that two of them need, or channels, which costs a phase.
  static bool in_rows(int64_t rows, int64_t members) { return members == 1 || rows % members == 0 || rows >= 8 * members; }

  // Output rows made together.
  int64_t tile_rows(const Maps& maps, int64_t rows) const {
    const int64_t line = maps.columns * kLanes * static_cast<int64_t>(sizeof(float));
    const int64_t fit = (kTileBytes / line - windows_.taps.height) / windows_.taps.stride + 1;
    return larger(1, smaller(rows, larger(fit, windows_.taps.height)));
  }

  int64_t window_rows(int64_t rows) const { return (rows - 1) * windows_.taps.stride + windows_.taps.height; }

  // The pieces of a run's scratch.
  struct Scratch {
    Maps maps;
    int64_t most_rows;  // output rows of a tile
    float* mixed;
    double* sums;
    int64_t* index;
    float* columns;  // filtered channels of the whole map, where members take channels
    char* own;       // a member's
    int64_t own_bytes, bytes;

    Scratch(const AchBottleneck& layer, const Shape& in, int64_t members, char* from) : maps(layer.windows_, in) {
      const int64_t rows = layer.windows_.rows(in.height), columns_a_row = layer.windows_.columns(in.width);
      const bool by_rows = in_rows(rows, members);
      most_rows = by_rows ? layer.tile_rows(maps, rows) : rows;
      Carver carver(from);
      mixed = carver.floats(layer.mixing_.maps() * maps.floats());
      sums = carver.of<double>(layer.mixing_.maps() * kLanes);
      index = carver.of<int64_t>(layer.mixing_.k());
      columns = carver.floats(by_rows ? 0 : rows * columns_a_row * layer.units() * kLanes);
      own = carver.of<char>(0);
      Carver mine(nullptr);
      Own(layer, maps, most_rows, columns_a_row, mine);
      own_bytes = mine.bytes();
      bytes = carver.bytes() + members * own_bytes;
    }
  };

  // A member's: chosen values of a tile's pixels, one map of products, and filtered channels of a block.
  struct Own {
    float *chosen, *map, *columns;
    Own(const AchBottleneck& layer, const Maps& maps, int64_t rows, int64_t columns_a_row, Carver& carver) {
      const int64_t window = smaller(layer.window_rows(rows), maps.rows);
      chosen = carver.floats(layer.pairs_ > 0 ? window * maps.width * run_room(layer.mixing_.k()) : 0);
      map = carver.floats(window * maps.columns * kLanes);
      columns = carver.floats(rows * columns_a_row * kBlockUnits * kLanes);
    }
  };

  struct Sample {
    const Scratch& room;
    Shape out;
    const float* x;
    float* y;
    int members;

    Own own(const AchBottleneck& layer, int member) const {
      Carver carver(room.own + member * room.own_bytes);
      return Own(layer, room.maps, room.most_rows, out.width, carver);
    }
  };

  // Some output rows, and the rows of the maps that their windows see; of these the image has rows [from, to).
  struct Tile {
    int64_t first, rows, window, window_rows, from, to;
    Tile(const AchBottleneck& layer, const Maps& maps, int64_t row, int64_t count)
        : first(row),
          rows(count),
          window(row * layer.windows_.taps.stride),
          window_rows(layer.window_rows(count)),
          from(larger(window, maps.top)),
          to(smaller(window + window_rows, maps.top + maps.height)) {}
  };

  // Every member takes rows, and goes through all channels.
  void filter_rows(Team& team, const Sample& s) const {
    const int64_t tasks = smaller(smaller(s.members, s.out.height), Team::kMostTasks);
    team.each(static_cast<int>(tasks), [&](int task) {
      const Own own = s.own(*this, team.member());
      const Span rows = share_of(s.out.height, task, tasks);
      for (int64_t row = rows.from; row < rows.to; row += s.room.most_rows) {
        const Tile tile(*this, s.room.maps, row, smaller(s.room.most_rows, rows.to - row));
        prepare(s, own, tile);
        const int64_t start = row * s.out.width, pixels = tile.rows * s.out.width;
        const Projected projected{own.columns, kBlockUnits * kLanes, s.y + start * s.out.channels,
                                  residual_ ? s.x + start * s.out.channels : nullptr};
        for (const Block& block : blocks_) {
          for (int64_t unit = block.units.from; unit < block.units.to; ++unit) {
            filter_unit(s, own, tile, unit, own.columns + (unit - block.units.from) * kLanes, kBlockUnits * kLanes);
          }
          projection_.add(block, projected, {0, projection_.panels()}, {0, pixels}, &block == &blocks_.front(),
                          &block == &blocks_.back());
        }
      }
    });
  }

  // Every member takes channels of the whole map; then each projects to some outputs or pixels.
  void filter_units(Team& team, const Sample& s) const {
    const int64_t tasks = smaller(smaller(s.members, units()), Team::kMostTasks), row = units() * kLanes;
    team.each(static_cast<int>(tasks), [&](int task) {
      const Own own = s.own(*this, team.member());
      const Tile tile(*this, s.room.maps, 0, s.out.height);
      const Span span = share_of(units(), task, tasks);
      prepare(s, own, tile);
      for (int64_t unit = span.from; unit < span.to; ++unit) {
        filter_unit(s, own, tile, unit, s.room.columns + unit * kLanes, row);
      }
    });
    const Pieces pieces = Pieces::of(s.out.pixels(), projection_.panels(), s.members);
    share(team, pieces.count(), [&](int64_t piece) {
      for (const Block& block : blocks_) {
        const Projected projected{s.room.columns + block.units.from * kLanes, row, s.y, residual_ ? s.x : nullptr};
        projection_.add(block, projected, pieces.panels_of(piece), pieces.pixels_of(piece), &block == &blocks_.front(),
                        &block == &blocks_.back());
      }
    });
  }

  // Gathers the chosen values of the tile's pixels, and makes the border of the map of products.
  void prepare(const Sample& s, const Own& own, const Tile& tile) const {
    const Maps& maps = s.room.maps;
    if (pairs_ == 0) return;
    zero_border(own.map, tile.window_rows, maps.columns, tile.from - tile.window, maps.left, tile.to - tile.from, maps.width);
    const int64_t k = mixing_.k(), room = run_room(k);
    float* to = own.chosen;
    for (int64_t y = tile.from; y < tile.to; ++y) {
      const float* row = s.room.mixed + (y * maps.columns + maps.left) * kLanes;
      for (int64_t x = 0; x < maps.width; ++x, row += kLanes, to += room) {
        for (int64_t i = 0; i < k; ++i) {
          const int64_t channel = s.room.index[i];
          to[i] = row[channel / kLanes * maps.floats() + channel % kLanes];
        }
        for (int64_t i = k; i < room; ++i) to[i] = to[i - k];
      }
    }
  }

  // One register of expanded channels over the tile, filtered, into a column.
  void filter_unit(const Sample& s, const Own& own, const Tile& tile, int64_t unit, float* column, int64_t row) const {
    const Maps& maps = s.room.maps;
    const float* map = s.room.mixed + unit * maps.floats() + tile.window * maps.columns * kLanes;
    if (unit >= mixing_.maps()) {
      const int64_t first = (unit - mixing_.maps()) * kLanes, k = mixing_.k(), room = run_room(k);
      const Affine affine{alpha_, weight_.data() + first, bias_.data() + first};
      for (int64_t y = tile.from; y < tile.to; ++y) {
        norm_(PairRun(first, k), own.chosen + (y - tile.from) * maps.width * room, room, maps.width, affine,
              own.map + ((y - tile.window) * maps.columns + maps.left) * kLanes);
      }
      map = own.map;
    }
    const Span image{tile.from - tile.window, tile.to - tile.window};
    filter({map, maps.columns * kLanes, column, s.out.width * row, row, tile.rows, s.out.width, image}, windows_.taps,
           filters_.data() + unit * windows_.taps.floats());
  }

  Mixing mixing_;
  Windows windows_;
  int64_t pairs_;
  MultiplyPairs norm_;
  float alpha_;
  bool residual_;
  Projection projection_;
  Buffer filters_, weight_, bias_;
  std::vector<Block> blocks_;
};

}  // namespace opbench::OPBENCH_VARIANT
