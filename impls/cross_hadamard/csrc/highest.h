// The best of some scores.
#pragma once

#include <cstdint>
#include <vector>

namespace opbench {

// The places of the k <= scores.size() highest scores, the highest first and NaN before all, into `index`.
void highest(const std::vector<double>& scores, int64_t k, int64_t* index);

}  // namespace opbench
