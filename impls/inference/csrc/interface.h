// The library's C interface: layers as opaque handles, sizes as arrays of four int64 (batch, height, width, channels).
//
// Functions that may fail answer null or what was wrong, in one line that holds until the thread's next call.
#pragma once

#include <cstdint>

namespace opbench::bottlenecks {
class Layer;
}

extern "C" {
using opbench::bottlenecks::Layer;

const char* bottlenecks_convolution(Layer** made, int64_t outputs, int64_t inputs, int64_t height, int64_t width, int64_t stride,
                                    int64_t padding, const float* weight, const float* bias, int hardswish, int nchw);
// mix: 1 for a factor a channel, 2 for a matrix. norm: of softsign, sigmoid, algebraic, tanh, identity.
const char* bottlenecks_ach(Layer** made, int64_t channels, int64_t k, int mix, const float* mix_weight, const float* mix_bias,
                            int64_t tap_count, const double* taps, int norm, float alpha, const float* norm_weight,
                            const float* norm_bias, int64_t height, int64_t width, int64_t stride,
                            const float* depthwise_weight, const float* depthwise_bias, int64_t outputs,
                            const float* project_weight, const float* project_bias, int residual);
const char* bottlenecks_ghost(Layer** made, int64_t inputs, int64_t half, int64_t expanded, const float* primary_weight,
                              const float* primary_bias, const float* cheap_weight, const float* cheap_bias, int64_t height,
                              int64_t width, int64_t stride, const float* depthwise_weight, const float* depthwise_bias,
                              int64_t outputs, const float* project_weight, const float* project_bias, int residual);
const char* bottlenecks_classifier(Layer** made, int64_t channels, int64_t hidden, int64_t classes, const float* hide_weight,
                                   const float* hide_bias, const float* classify_weight, const float* classify_bias);
// The layers stay the caller's, and must outlive the network.
const char* bottlenecks_network(Layer** made, const Layer* const* layers, int64_t count);
void bottlenecks_free(Layer* layer);
const char* bottlenecks_output(const Layer* layer, const int64_t* in, int64_t* out);
// Bytes, to be given to the run on a cache line's start.
const char* bottlenecks_scratch(const Layer* layer, const int64_t* in, int threads, int64_t* bytes);
const char* bottlenecks_run(const Layer* layer, const int64_t* in, const float* x, float* y, char* scratch, int threads);
// On another runtime's threads: see Parallel::run.
const char* bottlenecks_run_by(const Layer* layer, const int64_t* in, const float* x, float* y, char* scratch, int threads,
                               void (*run)(void* context, int parts, void (*body)(void* data, int part), void* data),
                               void* context);
// index (batch, k): what a layer that chooses channels chooses, the highest score first.
const char* bottlenecks_choose(const Layer* layer, const int64_t* in, const float* x, int64_t* index, char* scratch);
// Names of the variants that run here, one a line; and which one layers are made for from now on ("" for the widest).
const char* bottlenecks_usable_vectors();
int bottlenecks_use_vectors(const char* name);
}
