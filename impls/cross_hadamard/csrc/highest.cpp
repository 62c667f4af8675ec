// By the algorithm of at::topk, whose order of equal scores, frequent in half precision, is therefore ours too.
#include "highest.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace opbench {

void highest(const std::vector<double>& scores, int64_t k, int64_t* index) {
  using Scored = std::pair<double, int64_t>;
  std::vector<Scored> places;
  for (const double score : scores) places.emplace_back(score, static_cast<int64_t>(places.size()));
  const auto before = [](const Scored& a, const Scored& b) {
    return (std::isnan(a.first) && !std::isnan(b.first)) || a.first > b.first;
  };
  if (k * 64 <= static_cast<int64_t>(places.size())) {
    std::partial_sort(places.begin(), places.begin() + k, places.end(), before);
  } else if (k > 0) {
    std::nth_element(places.begin(), places.begin() + k - 1, places.end(), before);
    std::sort(places.begin(), places.begin() + k - 1, before);
  }
  for (int64_t i = 0; i < k; ++i) index[i] = places[i].second;
}

}  // namespace opbench
