// The first half of an adaptive bottleneck: channels mixed by a 1x1 convolution, and k of them chosen.
//
// Mixed channels lie as maps of a register's lanes each, with the border of zeros that the depthwise convolution needs.
#pragma once

#include "../ranking.h"
#include "../weights.h"
#include "sharing.h"
#include "window.h"

namespace opbench::OPBENCH_VARIANT {

// Maps of kLanes channels each, and where the image lies in them.
struct Maps {
  int64_t rows, columns;  // with the border
  int64_t top, left, height, width;

  Maps(const Windows& windows, const Shape& in)
      : rows(windows.bordered_rows(in.height)),
        columns(windows.bordered_columns(in.width)),
        top(windows.top()),
        left(windows.left()),
        height(in.height),
        width(in.width) {}

  int64_t floats() const { return rows * columns * kLanes; }
  int64_t at(int64_t y, int64_t x) const { return ((y + top) * columns + x + left) * kLanes; }
};

class Mixing {
 public:
  explicit Mixing(const bottlenecks::AchWeights& w)
      : channels_(w.channels), k_(w.k), bias_(padded(w.mix_bias, w.channels)), ranking_(w.taps, w.tap_count, w.k) {
    if (w.mix == bottlenecks::Mix::matrix) panels_ = Panels(w.mix_weight, channels_, channels_, channels_, 1);
    if (w.mix == bottlenecks::Mix::scale) scale_ = padded(w.mix_weight, channels_);
  }

  int64_t channels() const { return channels_; }
  int64_t k() const { return k_; }
  int64_t maps() const { return ceil_div(channels_, kLanes); }

  // One sample x (pixels, channels) into maps. `sums` has room for a double of every channel of every map.
  void run(Team& team, const Maps& maps, const float* x, float* to, double* sums, int64_t* index) const {
    const int64_t pixels = maps.height * maps.width;
    const Pieces pieces = Pieces::of(pixels, ceil_div(channels_, kPanel), team.members());
    share(team, pieces.count(), [&](int64_t piece) {
      for (int64_t map = piece; map < this->maps(); map += pieces.count()) {
        zero_border(to + map * maps.floats(), maps.rows, maps.columns, maps.top, maps.left, maps.height, maps.width);
      }
      mix(maps, x, to, pieces.panels_of(piece), pieces.pixels_of(piece));
    });
    team.each(1, [&](int) {
      for (int64_t map = 0; map < this->maps(); ++map) add_up(maps, to + map * maps.floats(), sums + map * kLanes);
      ranking_.choose(sums, channels_, pixels, index);
    });
  }

 private:
  void mix(const Maps& maps, const float* x, float* to, Span panels, Span pixels) const {
    Walk walk(maps.width);
    if (panels_.count() > 0) {
      const Ends ends{bias_.data(), false, false, maps.floats(), true};
      return multiply(panels_, panels, pixels, ends, [&](Strip& strip, int64_t at, int64_t pixel) {
        const int64_t y = walk.row(pixel);
        strip.from[at] = x + pixel * channels_;
        strip.to[at] = to + maps.at(y, walk.column(pixel));
      });
    }
    for (int64_t pixel = pixels.from; pixel < pixels.to; ++pixel) {
      const int64_t y = walk.row(pixel), place = maps.at(y, walk.column(pixel));
      for (int64_t c = panels.from * kPanel; c < smaller(channels_, panels.to * kPanel); c += kLanes) {
        const int64_t count = smaller(kLanes, channels_ - c);
        const float* from = x + pixel * channels_ + c;
        Floats value = count == kLanes ? Floats::load(from) : Floats::load(from, count);
        if (scale_.data() != nullptr) value = value * Floats::load(scale_.data() + c);
        (value + Floats::load(bias_.data() + c)).store(to + c / kLanes * maps.floats() + place);
      }
    }
  }

  // The sums of a map's lanes. Chains of float are kept short: what some rows of about 64 pixels add up to goes on in double.
  static void add_up(const Maps& maps, const float* map, double* sums) {
    double totals[kLanes] = {};
    const int64_t most = smaller(maps.width, 64), together = larger(1, 64 / most);
    for (int64_t y = 0; y < maps.height; y += together) {
      for (int64_t start = 0; start < maps.width; start += most) {
        Floats::Lanes even{}, odd{};
        for (int64_t line = y; line < smaller(maps.height, y + together); ++line) {
          const float* at = map + maps.at(line, start);
          const int64_t count = smaller(most, maps.width - start);
          for (int64_t x = 0; x + 1 < count; x += 2, at += 2 * kLanes) {
            even += Floats::load(at).lanes;
            odd += Floats::load(at + kLanes).lanes;
          }
          if (count % 2 == 1) even += Floats::load(at).lanes;
        }
        even += odd;
        for (int64_t lane = 0; lane < kLanes; ++lane) totals[lane] += static_cast<double>(even[lane]);
      }
    }
    std::memcpy(sums, totals, sizeof(totals));
  }

  int64_t channels_, k_;
  Panels panels_;
  Buffer scale_, bias_;
  bottlenecks::Ranking ranking_;
};

}  // namespace opbench::OPBENCH_VARIANT
