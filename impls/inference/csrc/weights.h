// What layers are made of, as plain pointers to contiguous float32; they are read while a layer is made and not after.
#pragma once

#include <cstdint>

#include "../../cross_hadamard/csrc/cpu/types.h"

namespace opbench::bottlenecks {

// (outputs, inputs) and (outputs,).
struct LinearWeights {
  int64_t outputs, inputs;
  const float *weight, *bias;
};

// (outputs, inputs, height, width) and (outputs,). nchw: x is (batch, inputs, height, width), an image.
struct ConvolutionWeights {
  int64_t outputs, inputs, height, width, stride, padding;
  const float *weight, *bias;
  bool hardswish, nchw;
};

// (channels, height, width) and (channels,); Hardswish follows.
struct DepthwiseWeights {
  int64_t height, width, stride;
  const float *weight, *bias;
};

enum class Mix { bias, scale, matrix };

// mix: (C, C), (C,) or nothing; taps (odd,); norm_weight and norm_bias (P,) in the order of the triangle's rows.
struct AchWeights {
  int64_t channels, k;
  Mix mix;
  const float *mix_weight, *mix_bias;
  int64_t tap_count;
  const double* taps;
  Norm norm;
  float alpha;
  const float *norm_weight, *norm_bias;
  DepthwiseWeights depthwise;  // of C + P channels
  LinearWeights project;
  bool residual;
};

// primary (half, c1), with Hardswish; cheap (half, 3, 3), without; together `project.inputs` channels, the rest dropped.
struct GhostWeights {
  LinearWeights primary;
  const float *cheap_weight, *cheap_bias;
  DepthwiseWeights depthwise;
  LinearWeights project;
  bool residual;
};

// Mean over space, Linear, Hardswish, Linear.
struct ClassifierWeights {
  LinearWeights hide, classify;
};

}  // namespace opbench::bottlenecks
