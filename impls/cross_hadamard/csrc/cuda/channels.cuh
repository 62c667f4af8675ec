// The n channels of one sample that are multiplied: the sample's own, or those an index selects.
#pragma once

#include "types.cuh"

namespace opbench {

template <typename T>
class Channels {
 public:
  // x (B, C, S), index (B, n) or null.
  __device__ Channels(const T* x, const i64* index, i64 b, i64 channels, i64 n, i64 size)
      : sample_(x + b * channels * size), index_(index ? index + b * n : nullptr), channels_(channels), size_(size) {}

  // Which channel of x is at position j, -1 where the index lies outside [0, C). A kernel cannot raise IndexError
  // without stopping the stream, so such a channel is never touched and reads as NaN.
  __device__ i64 channel(i64 j) const {
    if (!index_) return j;
    const i64 found = __ldg(index_ + j);
    return found >= 0 && found < channels_ ? found : -1;
  }

  // The first element of position j's map, null where there is none.
  __device__ const T* map(i64 j) const {
    const i64 found = channel(j);
    return found < 0 ? nullptr : sample_ + found * size_;
  }

  template <int width>
  __device__ Vec<T, width> at(i64 j, i64 offset) const {
    const T* found = map(j);
    return found ? load<T, width>(found + offset) : missing<T, width>();
  }

  __device__ const T* sample() const { return sample_; }
  __device__ bool selected() const { return index_ != nullptr; }

 private:
  const T* sample_;
  const i64* index_;
  i64 channels_, size_;
};

}  // namespace opbench
