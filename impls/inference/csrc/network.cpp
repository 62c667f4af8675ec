#include "network.h"

#include <algorithm>
#include <string>

namespace opbench::bottlenecks {

Shape Network::output(Shape in) const {
  for (size_t at = 0; at < layers_.size(); ++at) {
    try {
      in = layers_[at]->output(in);
    } catch (const Refused& refused) {
      throw Refused("layer " + std::to_string(at) + ": " + refused.what());
    }
  }
  return in;
}

int64_t Network::between(Shape in) const {
  int64_t most = 0;
  for (size_t at = 0; at + 1 < layers_.size(); ++at) {
    in = layers_[at]->output(in);
    most = std::max(most, whole_lines(in.batch * in.sample() * static_cast<int64_t>(sizeof(float))));
  }
  return most;
}

int64_t Network::scratch_bytes(Shape in, int members) const {
  int64_t most = 0;
  const int64_t activations = 2 * between(in);
  for (const Layer* layer : layers_) {
    most = std::max(most, layer->scratch_bytes(in, members));
    in = layer->output(in);
  }
  return activations + most;
}

void Network::work(Team& team, Shape in, const float* x, float* y, char* scratch) const {
  const int64_t activation = between(in);
  for (size_t at = 0; at < layers_.size(); ++at) {
    float* const to = at + 1 == layers_.size() ? y : reinterpret_cast<float*>(scratch + (at % 2) * activation);
    layers_[at]->work(team, in, x, to, scratch + 2 * activation);
    in = layers_[at]->output(in);
    x = to;
  }
}

}  // namespace opbench::bottlenecks
