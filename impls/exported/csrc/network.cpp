// From a node's text and weights to layers, and a run of them on the session's own threads.
#include "network.h"

#include <algorithm>

namespace opbench {

namespace {

using namespace bottlenecks;

Norm norm_named(const OrtApi& api, const std::string& name) {
  const std::pair<const char*, Norm> known[] = {{"softsign", Norm::softsign},
                                                {"sigmoid", Norm::sigmoid},
                                                {"algebraic", Norm::algebraic},
                                                {"tanh", Norm::tanh},
                                                {"identity", Norm::identity}};
  for (const auto& [one, norm] : known) {
    if (name == one) return norm;
  }
  refuse(api, "norm is '" + name + "'; expected softsign, sigmoid, algebraic, tanh or identity");
}

// Weights in the order in which the file has them: kept here as long as a layer is made.
struct Making {
  const OrtApi& api;
  const Line& line;
  Constants& constants;

  LinearWeights pointwise(int64_t inputs) {
    const Constant weight = constants.next(4);
    if (weight.shape[1] != inputs || weight.shape[2] != 1 || weight.shape[3] != 1) {
      refuse(api, "a pointwise convolution of a " + line.kind + " has shape " + text(weight.shape) + "; expected (..., " +
                      std::to_string(inputs) + ", 1, 1)");
    }
    return {weight.shape[0], inputs, weight.data, constants.vector(weight.shape[0])};
  }
  LinearWeights linear(int64_t inputs) {
    const Constant weight = constants.next(2);
    if (inputs >= 0 && weight.shape[1] != inputs) {
      refuse(api, "a matrix of a " + line.kind + " has shape " + text(weight.shape) + "; expected (..., " +
                      std::to_string(inputs) + ")");
    }
    return {weight.shape[0], weight.shape[1], weight.data, constants.vector(weight.shape[0])};
  }
  DepthwiseWeights depthwise(int64_t channels) {
    const Constant weight = constants.next(4);
    if (weight.shape[0] != channels || weight.shape[1] != 1) {
      refuse(api, "a depthwise convolution of a " + line.kind + " has shape " + text(weight.shape) + "; expected (" +
                      std::to_string(channels) + ", 1, ...)");
    }
    return {weight.shape[2], weight.shape[3], line.integer("stride"), weight.data, constants.vector(channels)};
  }

  Layer* convolution() {
    const Constant weight = constants.next(4);
    const auto& shape = weight.shape;
    return factory().convolution({shape[0], shape[1], shape[2], shape[3], line.integer("stride"), line.integer("padding"),
                                  weight.data, constants.vector(shape[0]), line.integer("hardswish") != 0,
                                  line.integer("image_nchw") != 0});
  }
  Layer* ach() {
    const Constant mix = constants.next(4);
    const int64_t channels = mix.shape[0], k = line.integer("k");
    const bool matrix = mix.shape == std::vector<int64_t>{channels, channels, 1, 1};
    if (!matrix && mix.shape != std::vector<int64_t>{channels, 1, 1, 1}) {
      refuse(api, "an ach_bottleneck mixes by " + text(mix.shape) + "; expected (C, C, 1, 1) or (C, 1, 1, 1)");
    }
    if (k < 0 || k > channels) refuse(api, "k is " + std::to_string(k) + " of " + std::to_string(channels) + " channels");
    const float* mix_bias = constants.vector(channels);
    const Constant taps = constants.next(1);
    const std::vector<double> taps_double(taps.data, taps.data + taps.count());
    const int64_t pairs = k < 2 ? 0 : k * (k - 1) / 2;
    const float* alpha = constants.of({1});
    const float *norm_weight = constants.vector(pairs), *norm_bias = constants.vector(pairs);
    const DepthwiseWeights depthwise = this->depthwise(channels + pairs);
    return factory().ach_bottleneck({channels, k, matrix ? Mix::matrix : Mix::scale, mix.data, mix_bias, taps.count(), taps_double.data(),
                                     norm_named(api, line.word("norm_name")), *alpha, norm_weight, norm_bias, depthwise,
                                     pointwise(channels + pairs), line.integer("residual") != 0});
  }
  Layer* ghost() {
    const Constant primary = constants.next(4);
    const int64_t half = primary.shape[0], expanded = line.integer("expanded");
    if (expanded < half || expanded > 2 * half) {
      refuse(api, "a ghost_bottleneck expands " + std::to_string(half) + " channels to " + std::to_string(expanded));
    }
    const LinearWeights first{half, primary.shape[1], primary.data, constants.vector(half)};
    const float* cheap = constants.of({half, 1, 3, 3});
    const float* cheap_bias = constants.vector(half);
    const DepthwiseWeights depthwise = this->depthwise(expanded);
    return factory().ghost_bottleneck({first, cheap, cheap_bias, depthwise, pointwise(expanded), line.integer("residual") != 0});
  }
  Layer* classifier() {
    const LinearWeights hide = linear(-1);
    return factory().classifier({hide, linear(hide.outputs)});
  }

  Layer* made() {
    if (line.kind == "convolution") return convolution();
    if (line.kind == "ach_bottleneck") return ach();
    if (line.kind == "ghost_bottleneck") return ghost();
    if (line.kind == "classifier") return classifier();
    refuse(api, "a layer '" + line.kind + "'; expected convolution, ach_bottleneck, ghost_bottleneck or classifier");
  }
};

// The session's threads as layers want them.
struct Lender {
  const Context& context;

  struct Call {
    void (*body)(void*, int);
    void* data;
  };

  static void run(void* lender, int parts, void (*body)(void*, int), void* data) {
    const Context& context = static_cast<Lender*>(lender)->context;
    Call call{body, data};
    const auto one = [](void* given, size_t part) {
      const auto& call = *static_cast<Call*>(given);
      call.body(call.data, static_cast<int>(part));
    };
    OrtStatus* failed = context.api.KernelContext_ParallelFor(context.node, one, static_cast<size_t>(parts), 0, &call);
    if (failed == nullptr) return;
    context.api.ReleaseStatus(failed);  // it refuses before anything has run
    for (int part = 0; part < parts; ++part) body(data, part);
  }
};

}  // namespace

NetworkKernel::NetworkKernel(const OrtApi& api, const OrtKernelInfo* info) {
  Constants constants(api, info);
  std::istringstream lines(word(api, info, "layers"));
  std::vector<const Layer*> layers;
  for (std::string one; std::getline(lines, one);) {
    const Line line(api, one);
    layers_.emplace_back(Making{api, line, constants}.made());
    layers.push_back(layers_.back().get());
  }
  if (layers.empty()) refuse(api, "a network without layers");
  network_ = std::make_unique<bottlenecks::Network>(std::move(layers));
  inputs_ = 1 + constants.count();
}

void NetworkKernel::compute(const Context& context) const {
  const Input x(context, 0);
  size_t inputs = 0;
  check(context.api.KernelContext_GetInputCount(context.node, &inputs));
  if (inputs != inputs_) {
    refuse(context.api, "a network of " + std::to_string(inputs) + " inputs, whose layers take " + std::to_string(inputs_));
  }
  const auto& sizes = x.shape();
  if (sizes.size() != 4) refuse(context.api, "x has shape " + text(sizes) + "; expected (batch, channels, height, width)");
  const bottlenecks::Shape in{sizes[0], sizes[2], sizes[3], sizes[1]};
  const bottlenecks::Shape out = network_->output(in);
  if (out.pixels() != 1) refuse(context.api, "a network that ends in a map; expected a classifier at its end");
  float* y = output<float>(context, {out.batch, out.channels});
  if (in.batch == 0) return;
  const int threads = static_cast<int>(std::min<int64_t>(context.threads(), bottlenecks::Team::kMostTasks));
  Scratch scratch;
  {
    const std::lock_guard<std::mutex> held(mutex_);
    if (!spare_.empty()) {
      scratch = std::move(spare_.back());
      spare_.pop_back();
    }
  }
  const int64_t bytes = std::max<int64_t>(network_->scratch_bytes(in, threads), 1);
  if (scratch.size < bytes) {
    scratch.bytes.reset();
    scratch.bytes.reset(static_cast<char*>(::operator new(bytes, std::align_val_t{bottlenecks::kLineBytes})));
    scratch.size = bytes;
  }
  Lender lender{context};
  network_->run({threads, Lender::run, &lender}, in, x.data<float>(), y, scratch.bytes.get());
  const std::lock_guard<std::mutex> held(mutex_);
  spare_.push_back(std::move(scratch));
}

}  // namespace opbench
