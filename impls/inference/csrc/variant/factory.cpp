// The layers of this variant.
#include "../factory.h"

#include "ach.h"
#include "classifier.h"
#include "convolution.h"
#include "ghost.h"

namespace opbench::OPBENCH_VARIANT {

namespace {

template <typename Made, typename Weights>
Layer* make(const Weights& weights) {
  return new Made(weights);
}

}  // namespace

extern const bottlenecks::Factory kFactory;
const bottlenecks::Factory kFactory{make<Convolution, bottlenecks::ConvolutionWeights>,
                                    make<AchBottleneck, bottlenecks::AchWeights>,
                                    make<GhostBottleneck, bottlenecks::GhostWeights>,
                                    make<Classifier, bottlenecks::ClassifierWeights>};

}  // namespace opbench::OPBENCH_VARIANT
