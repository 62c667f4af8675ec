// From a node's text and weights to layers, and a run of them on the session's own threads.
#include "network.h"

#include <algorithm>
#include <array>

namespace opbench {

namespace {

int norm_named(const OrtApi& api, const std::string& name) {
  const char* known[] = {"softsign", "sigmoid", "algebraic", "tanh", "identity"};
  for (int at = 0; at < 5; ++at) {
    if (name == known[at]) return at;
  }
  refuse(api, "norm is '" + name + "'; expected softsign, sigmoid, algebraic, tanh or identity");
}

void check_told(const OrtApi& api, const char* told) {
  if (told != nullptr) refuse(api, told);
}

// A weight of some outputs, and the bias behind it in the file.
struct Weights {
  std::vector<int64_t> shape;
  const float *weight, *bias;
};

// One layer from its line and the next weights of the node.
struct Making {
  const OrtApi& api;
  const Line& line;
  Constants& constants;
  Layer* made = nullptr;

  Weights next(size_t rank) {
    const Constant weight = constants.next(rank);
    return {weight.shape, weight.data, constants.vector(weight.shape[0])};
  }
  // The same, of these sizes but for the first; and of that too where it is not 0.
  Weights of(const char* what, std::vector<int64_t> shape) {
    const Weights found = next(shape.size());
    if (shape[0] == 0) shape[0] = found.shape[0];
    if (found.shape != shape) {
      refuse(api, std::string(what) + " of a " + line.kind + " has shape " + text(found.shape) + "; expected " + text(shape));
    }
    return found;
  }
  Weights depthwise(int64_t channels) {
    const Weights found = next(4);
    if (found.shape[0] != channels || found.shape[1] != 1) {
      refuse(api, "depthwise weights of a " + line.kind + " have shape " + text(found.shape) + "; expected (" +
                      std::to_string(channels) + ", 1, ...)");
    }
    return found;
  }
  int flag(const char* name) { return line.integer(name) != 0; }

  const char* convolution() {
    const Weights w = next(4);
    return bottlenecks_convolution(&made, w.shape[0], w.shape[1], w.shape[2], w.shape[3], line.integer("stride"),
                                   line.integer("padding"), w.weight, w.bias, flag("hardswish"), flag("image_nchw"));
  }
  const char* ach() {
    const Weights mix = next(4);
    const int64_t channels = mix.shape[0], k = line.integer("k");
    const bool matrix = mix.shape == std::vector<int64_t>{channels, channels, 1, 1};
    if (!matrix && mix.shape != std::vector<int64_t>{channels, 1, 1, 1}) {
      refuse(api, "an ach_bottleneck mixes by " + text(mix.shape) + "; expected (C, C, 1, 1) or (C, 1, 1, 1)");
    }
    if (k < 0 || k > channels) refuse(api, "k is " + std::to_string(k) + " of " + std::to_string(channels) + " channels");
    const Constant taps = constants.next(1);
    if (taps.count() % 2 == 0) refuse(api, "taps have shape " + text(taps.shape) + "; expected an odd number");
    const std::vector<double> doubles(taps.data, taps.data + taps.count());
    const int64_t pairs = k < 2 ? 0 : k * (k - 1) / 2, expanded = channels + pairs;
    const float* alpha = constants.vector(1);
    const float *norm_weight = constants.vector(pairs), *norm_bias = constants.vector(pairs);
    const Weights spread = depthwise(expanded), project = of("a projection", {0, expanded, 1, 1});
    return bottlenecks_ach(&made, channels, k, matrix ? 2 : 1, mix.weight, mix.bias, taps.count(), doubles.data(),
                           norm_named(api, line.word("norm_name")), *alpha, norm_weight, norm_bias, spread.shape[2],
                           spread.shape[3], line.integer("stride"), spread.weight, spread.bias, project.shape[0],
                           project.weight, project.bias, flag("residual"));
  }
  const char* ghost() {
    const Weights primary = next(4);
    const int64_t half = primary.shape[0], inputs = primary.shape[1], expanded = line.integer("expanded");
    if (primary.shape[2] != 1 || primary.shape[3] != 1 || expanded < half || expanded > 2 * half) {
      refuse(api, "a ghost_bottleneck expands by " + text(primary.shape) + " to " + std::to_string(expanded) + " channels");
    }
    const Weights cheap = of("cheap weights", {half, 1, 3, 3}), spread = depthwise(expanded);
    const Weights project = of("a projection", {0, expanded, 1, 1});
    return bottlenecks_ghost(&made, inputs, half, expanded, primary.weight, primary.bias, cheap.weight, cheap.bias,
                             spread.shape[2], spread.shape[3], line.integer("stride"), spread.weight, spread.bias,
                             project.shape[0], project.weight, project.bias, flag("residual"));
  }
  const char* classifier() {
    const Weights hide = next(2), classify = of("the last matrix", {0, hide.shape[0]});
    return bottlenecks_classifier(&made, hide.shape[1], hide.shape[0], classify.shape[0], hide.weight, hide.bias,
                                  classify.weight, classify.bias);
  }

  Layer* layer() {
    const char* told = nullptr;
    if (line.kind == "convolution") {
      told = convolution();
    } else if (line.kind == "ach_bottleneck") {
      told = ach();
    } else if (line.kind == "ghost_bottleneck") {
      told = ghost();
    } else if (line.kind == "classifier") {
      told = classifier();
    } else {
      refuse(api, "a layer '" + line.kind + "'; expected convolution, ach_bottleneck, ghost_bottleneck or classifier");
    }
    check_told(api, told);
    return made;
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
    if (layers.empty()) image_ = line.kind == "convolution" && line.integer("image_nchw") != 0;
    scores_ = line.kind == "classifier";
    layers_.emplace_back(Making{api, line, constants}.layer());
    layers.push_back(layers_.back().get());
  }
  if (layers.empty()) refuse(api, "a network without layers");
  Layer* network = nullptr;
  check_told(api, bottlenecks_network(&network, layers.data(), static_cast<int64_t>(layers.size())));
  layers_.emplace_back(network);
  inputs_ = 1 + constants.count();
}

NetworkKernel::Scratch NetworkKernel::scratch_of(int64_t bytes) const {
  Scratch found;
  {
    const std::lock_guard<std::mutex> held(mutex_);
    if (!spare_.empty()) {
      found = std::move(spare_.back());
      spare_.pop_back();
    }
  }
  if (found.size < bytes) {
    found.bytes.reset();
    found.bytes.reset(static_cast<char*>(::operator new(static_cast<size_t>(bytes), std::align_val_t{kLineBytes})));
    found.size = bytes;
  }
  return found;
}

void NetworkKernel::compute(const Context& context) const {
  const OrtApi& api = context.api;
  const Layer* network = layers_.back().get();
  const Input x(context, 0);
  size_t inputs = 0;
  check(api.KernelContext_GetInputCount(context.node, &inputs));
  if (inputs != inputs_) {
    refuse(api, "a network of " + std::to_string(inputs) + " inputs, whose layers take " + std::to_string(inputs_));
  }
  const auto& sizes = x.shape();
  if (sizes.size() != 4) {
    const char* expected = image_ ? "(batch, channels, height, width)" : "(batch, height, width, channels)";
    refuse(api, "x has shape " + text(sizes) + "; expected " + expected);
  }
  std::array<int64_t, 4> in{sizes[0], sizes[1], sizes[2], sizes[3]}, out{};
  if (image_) in = {sizes[0], sizes[2], sizes[3], sizes[1]};
  int64_t bytes = 0;
  check_told(api, bottlenecks_output(network, in.data(), out.data()));
  float* y = scores_ ? output<float>(context, {out[0], out[3]}) : output<float>(context, {out[0], out[1], out[2], out[3]});
  if (in[0] == 0) return;
  const int threads = static_cast<int>(std::min(context.threads(), kMostThreads));
  check_told(api, bottlenecks_scratch(network, in.data(), threads, &bytes));
  Scratch scratch = scratch_of(std::max<int64_t>(bytes, 1));
  Lender lender{context};
  check_told(api, bottlenecks_run_by(network, in.data(), x.data<float>(), y, scratch.bytes.get(), threads, Lender::run,
                                     &lender));
  const std::lock_guard<std::mutex> held(mutex_);
  spare_.push_back(std::move(scratch));
}

}  // namespace opbench
