// What makes layers, once for each set of vector instructions.
#pragma once

#include <string>
#include <vector>

#include "layer.h"
#include "weights.h"

namespace opbench::bottlenecks {

struct Factory {
  Layer* (*convolution)(const ConvolutionWeights&);
  Layer* (*ach_bottleneck)(const AchWeights&);
  Layer* (*ghost_bottleneck)(const GhostWeights&);
  Layer* (*classifier)(const ClassifierWeights&);
};

// Of the widest instructions that this processor has, until told otherwise.
const Factory& factory();

// The variants that run here, and which one layers are made for from now on ("" for the widest); false for another name.
std::vector<std::string> usable_vectors();
bool use_vectors(const std::string& name);

}  // namespace opbench::bottlenecks
