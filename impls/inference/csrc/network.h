// Layers one after the other, in one run of the team.
#pragma once

#include <vector>

#include "layer.h"

namespace opbench::bottlenecks {

class Network : public Layer {
 public:
  // The layers are the caller's and must outlive the network.
  explicit Network(std::vector<const Layer*> layers) : layers_(std::move(layers)) {}

  Shape output(Shape in) const override;
  int64_t scratch_bytes(Shape in, int members) const override;
  void work(Team& team, Shape in, const float* x, float* y, char* scratch) const override;

 private:
  // Bytes of the largest activation between two layers.
  int64_t between(Shape in) const;

  std::vector<const Layer*> layers_;
};

}  // namespace opbench::bottlenecks
