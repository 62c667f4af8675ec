// Back from the gradient of positions to the gradient of channels: positions that chose the same channel add up.
#pragma once

#include <cstdint>
#include <vector>

#include "tile.h"

namespace opbench::OPBENCH_VARIANT {

// The positions of every channel of one sample, as lists: first(c), then next(i), until -1.
class Choices {
 public:
  explicit Choices(const Sizes& sizes) : first_(sizes.channels), next_(sizes.n) {}
  void load(const int64_t* index) {
    std::fill(first_.begin(), first_.end(), -1);
    for (int64_t i = static_cast<int64_t>(next_.size()) - 1; i >= 0; --i) {
      int64_t& first = first_[index == nullptr ? i : index[i]];
      next_[i] = first;
      first = i;
    }
  }
  int64_t first(int64_t channel) const { return first_[channel]; }
  int64_t next(int64_t position) const { return next_[position]; }

 private:
  std::vector<int64_t> first_, next_;
};

// grad_x[c] = start[c] (or 0 where start is null) + the sums of its positions, rounded once. x-like tensors (C, S).
template <typename T>
void write_gradient(const Accumulate<T>* sums, const Choices& choices, const T* start, T* grad_x,
                    const Sizes& sizes, const Positions& at) {
  using V = Vec<Accumulate<T>>;
  const int64_t stride = row_stride<T>(at.count);
  for (int64_t c = 0; c < sizes.channels; ++c) {
    const int64_t offset = c * sizes.size + at.start;
    for (int64_t s = 0; s < at.count; s += Wide<T>::width) {
      const int64_t count = std::min(Wide<T>::width, at.count - s);
      typename Wide<T>::Parts sum;
      sum.fill(V(0));
      if (start != nullptr) sum = Wide<T>::load(start + offset + s, count);
      for (int64_t i = choices.first(c); i >= 0; i = choices.next(i)) {
        for (int64_t part = 0; part < Wide<T>::parts; ++part) {
          sum[part] = sum[part] + V::load(sums + i * stride + s + part * Wide<T>::part);
        }
      }
      Wide<T>::narrow(sum).store(grad_x + offset + s, static_cast<int>(count));
    }
  }
}

}  // namespace opbench::OPBENCH_VARIANT
