// The classifier: mean over space, Linear, Hardswish, Linear. (batch, height, width, channels) to (batch, 1, 1, classes).
#pragma once

#include "../weights.h"
#include "sharing.h"

namespace opbench::OPBENCH_VARIANT {

class Classifier : public Layer {
 public:
  explicit Classifier(const bottlenecks::ClassifierWeights& w)
      : hide_(w.hide.weight, w.hide.outputs, w.hide.inputs, w.hide.inputs, 1),
        classify_(w.classify.weight, w.classify.outputs, w.classify.inputs, w.classify.inputs, 1),
        hide_bias_(padded(w.hide.bias, w.hide.outputs)),
        classify_bias_(padded(w.classify.bias, w.classify.outputs)) {}

  Shape output(Shape in) const override {
    if (in.channels != hide_.depth()) bottlenecks::refuse_channels("classifier", in.channels, hide_.depth());
    if (in.pixels() <= 0) bottlenecks::refuse_map("classifier", in, 1, 1, 1);
    return {in.batch, 1, 1, classify_.outputs()};
  }

  int64_t scratch_bytes(Shape in, int) const override {
    return float_bytes(in.batch * in.channels) + float_bytes(in.batch * hide_.outputs());
  }

  void work(Team& team, Shape in, const float* x, float* y, char* scratch) const override {
    Carver carver(scratch);
    float* const means = carver.floats(in.batch * in.channels);
    float* const hidden = carver.floats(in.batch * hide_.outputs());
    const int64_t registers = ceil_div(in.channels, kLanes), tasks = smaller(team.members(), registers);
    share(team, in.batch == 0 ? 0 : tasks, [&](int64_t task) {
      const Span span = share_of(registers, task, tasks);
      for (int64_t b = 0; b < in.batch; ++b) {
        for (int64_t at = span.from; at < span.to; ++at) mean(in, x + b * in.sample(), at, means + b * in.channels);
      }
    });
    apply(team, in.batch, hide_, {hide_bias_.data(), true, false}, means, hidden);
    apply(team, in.batch, classify_, {classify_bias_.data(), false, false}, hidden, y);
  }

 private:
  static void mean(const Shape& in, const float* x, int64_t at, float* to) {
    const int64_t first = at * kLanes, count = smaller(kLanes, in.channels - first);
    Floats::Lanes sum{};
    for (int64_t pixel = 0; pixel < in.pixels(); ++pixel) {
      const float* from = x + pixel * in.channels + first;
      sum += (count == kLanes ? Floats::load(from) : Floats::load(from, count)).lanes;
    }
    const Floats found = sum / static_cast<float>(in.pixels());
    count == kLanes ? found.store(to + first) : found.store(to + first, count);
  }

  static void apply(Team& team, int64_t rows, const Panels& weights, const Ends& ends, const float* from, float* to) {
    share(team, rows == 0 ? 0 : weights.count(), [&](int64_t panel) {
      multiply(weights, {panel, panel + 1}, {0, rows}, ends, [&](Strip& strip, int64_t at, int64_t row) {
        strip.from[at] = from + row * weights.depth();
        strip.to[at] = to + row * weights.outputs();
      });
    });
  }

  Panels hide_, classify_;
  Buffer hide_bias_, classify_bias_;
};

}  // namespace opbench::OPBENCH_VARIANT
