// Which channels an adaptive bottleneck chooses.
#pragma once

#include <cstdint>
#include <vector>

namespace opbench::bottlenecks {

// Means and scores are rounded to float, and equal ones ordered, as in ach_select_expand for PyTorch.
class Ranking {
 public:
  Ranking(const double* taps, int64_t tap_count, int64_t k);
  ~Ranking();
  Ranking(const Ranking&) = delete;
  Ranking& operator=(const Ranking&) = delete;

  // The k channels that the taps score highest, the highest first, from the sums of `channels` maps of so many pixels.
  void choose(const double* sums, int64_t channels, int64_t pixels, int64_t* index) const;

 private:
  std::vector<double> taps_;
  int64_t k_;
};

}  // namespace opbench::bottlenecks
