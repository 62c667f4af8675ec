#include "ranking.h"

#define OPBENCH_VARIANT unvaried
#include "../../cross_hadamard/csrc/cpu/selection.h"
#include "../../cross_hadamard/csrc/highest.h"

namespace opbench::bottlenecks {

Ranking::Ranking(const double* taps, int64_t tap_count, int64_t k) : taps_(taps, taps + tap_count), k_(k) {}
Ranking::~Ranking() = default;

void Ranking::choose(const double* sums, int64_t channels, int64_t pixels, int64_t* index) const {
  std::vector<float> means(channels);
  for (int64_t c = 0; c < channels; ++c) means[c] = static_cast<float>(sums[c] / static_cast<double>(pixels));
  std::vector<double> scores(channels);
  unvaried::score<float>(means.data(), taps_, scores);
  highest(scores, k_, index);
}

}  // namespace opbench::bottlenecks
