#include "interface.h"

#include <new>
#include <string>

#include "factory.h"
#include "network.h"

using namespace opbench;
using namespace opbench::bottlenecks;

namespace {

Shape shape_of(const int64_t* sizes) { return {sizes[0], sizes[1], sizes[2], sizes[3]}; }

template <typename Body>
const char* guarded(const Body& body) {
  thread_local std::string told;
  try {
    body();
    return nullptr;
  } catch (const std::bad_alloc&) {
    told = "no memory for a layer";
  } catch (const std::exception& error) {
    told = error.what();
  }
  return told.c_str();
}

}  // namespace

#define OPBENCH_EXPORT extern "C" __attribute__((visibility("default")))

OPBENCH_EXPORT const char* bottlenecks_convolution(Layer** made, int64_t outputs, int64_t inputs, int64_t height, int64_t width,
                                                   int64_t stride, int64_t padding, const float* weight, const float* bias,
                                                   int hardswish, int nchw) {
  const ConvolutionWeights w{outputs, inputs, height, width, stride, padding, weight, bias, hardswish != 0, nchw != 0};
  return guarded([&] { *made = factory().convolution(w); });
}

OPBENCH_EXPORT const char* bottlenecks_ach(Layer** made, int64_t channels, int64_t k, int mix, const float* mix_weight,
                                           const float* mix_bias, int64_t tap_count, const double* taps, int norm, float alpha,
                                           const float* norm_weight, const float* norm_bias, int64_t height, int64_t width,
                                           int64_t stride, const float* depthwise_weight, const float* depthwise_bias,
                                           int64_t outputs, const float* project_weight, const float* project_bias,
                                           int residual) {
  const int64_t expanded = channels + (k < 2 ? 0 : k * (k - 1) / 2);
  const AchWeights w{channels, k, static_cast<Mix>(mix), mix_weight, mix_bias, tap_count, taps, static_cast<Norm>(norm), alpha,
                     norm_weight, norm_bias, {height, width, stride, depthwise_weight, depthwise_bias},
                     {outputs, expanded, project_weight, project_bias}, residual != 0};
  return guarded([&] { *made = factory().ach_bottleneck(w); });
}

OPBENCH_EXPORT const char* bottlenecks_ghost(Layer** made, int64_t inputs, int64_t half, int64_t expanded,
                                             const float* primary_weight, const float* primary_bias, const float* cheap_weight,
                                             const float* cheap_bias, int64_t height, int64_t width, int64_t stride,
                                             const float* depthwise_weight, const float* depthwise_bias, int64_t outputs,
                                             const float* project_weight, const float* project_bias, int residual) {
  const GhostWeights w{{half, inputs, primary_weight, primary_bias}, cheap_weight, cheap_bias,
                       {height, width, stride, depthwise_weight, depthwise_bias},
                       {outputs, expanded, project_weight, project_bias}, residual != 0};
  return guarded([&] { *made = factory().ghost_bottleneck(w); });
}

OPBENCH_EXPORT const char* bottlenecks_classifier(Layer** made, int64_t channels, int64_t hidden, int64_t classes,
                                                  const float* hide_weight, const float* hide_bias,
                                                  const float* classify_weight, const float* classify_bias) {
  const ClassifierWeights w{{hidden, channels, hide_weight, hide_bias}, {classes, hidden, classify_weight, classify_bias}};
  return guarded([&] { *made = factory().classifier(w); });
}

OPBENCH_EXPORT const char* bottlenecks_network(Layer** made, const Layer* const* layers, int64_t count) {
  return guarded([&] { *made = new Network({layers, layers + count}); });
}

OPBENCH_EXPORT void bottlenecks_free(Layer* layer) { delete layer; }

OPBENCH_EXPORT const char* bottlenecks_output(const Layer* layer, const int64_t* in, int64_t* out) {
  return guarded([&] {
    const Shape found = layer->output(shape_of(in));
    out[0] = found.batch, out[1] = found.height, out[2] = found.width, out[3] = found.channels;
  });
}

OPBENCH_EXPORT const char* bottlenecks_scratch(const Layer* layer, const int64_t* in, int threads, int64_t* bytes) {
  return guarded([&] { *bytes = layer->scratch_bytes(shape_of(in), threads); });
}

OPBENCH_EXPORT const char* bottlenecks_run(const Layer* layer, const int64_t* in, const float* x, float* y, char* scratch,
                                           int threads) {
  return guarded([&] { layer->run(openmp(threads), shape_of(in), x, y, scratch); });
}

OPBENCH_EXPORT const char* bottlenecks_run_by(const Layer* layer, const int64_t* in, const float* x, float* y, char* scratch,
                                              int threads, void (*run)(void*, int, void (*)(void*, int), void*),
                                              void* context) {
  return guarded([&] { layer->run({threads, run, context}, shape_of(in), x, y, scratch); });
}

OPBENCH_EXPORT const char* bottlenecks_choose(const Layer* layer, const int64_t* in, const float* x, int64_t* index,
                                              char* scratch) {
  return guarded([&] {
    const auto* choosing = dynamic_cast<const Choosing*>(layer);
    if (choosing == nullptr) throw Refused("this layer chooses no channels; ask an ach_bottleneck");
    choosing->choose(shape_of(in), x, index, scratch);
  });
}

OPBENCH_EXPORT const char* bottlenecks_usable_vectors() {
  thread_local std::string names;
  names.clear();
  for (const std::string& name : usable_vectors()) names += names.empty() ? name : "\n" + name;
  return names.c_str();
}
OPBENCH_EXPORT int bottlenecks_use_vectors(const char* name) { return use_vectors(name) ? 1 : 0; }
