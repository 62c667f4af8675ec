// How channels are ranked as by the nodes of ONNX: ReduceMean and Conv in float32 whatever x is, then TopK.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <functional>
#include <vector>

namespace opbench {

struct RankedAsInOnnx {
  using Score = float;

  // The places of the k highest scores, the highest first.
  static void highest(const std::vector<double>& scores, int64_t k, int64_t* index) {
    thread_local std::vector<uint64_t> keys;
    keys.resize(scores.size());
    for (size_t place = 0; place < keys.size(); ++place) keys[place] = key_of(static_cast<float>(scores[place]), place);
    std::nth_element(keys.begin(), keys.begin() + k, keys.end(), std::greater<uint64_t>());
    std::sort(keys.begin(), keys.begin() + k, std::greater<uint64_t>());
    for (int64_t i = 0; i < k; ++i) index[i] = static_cast<uint32_t>(~static_cast<uint32_t>(keys[i]));
  }

 private:
  // A score and its place as one number that grows with the score; of equal ones the lower place is the larger, as TopK
  // has it. NaN is above all, -0 equals 0.
  static uint64_t key_of(float score, size_t place) {
    uint32_t bits = 0;
    const float one = std::isnan(score) ? std::nanf("") : score + 0.0f;
    std::memcpy(&bits, &one, sizeof(bits));
    bits = bits >> 31 ? ~bits : bits | 0x80000000u;
    return static_cast<uint64_t>(bits) << 32 | static_cast<uint32_t>(~static_cast<uint32_t>(place));
  }
};

}  // namespace opbench
