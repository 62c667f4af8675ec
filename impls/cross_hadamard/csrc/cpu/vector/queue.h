// A run of values on its way past the cache: gathered in a small buffer, streamed out in aligned whole vectors.
//
// Maps of 7x7 or 14x14 elements start anywhere in a cache line. Streamed one by one, every start and end would leave a
// line half written, which costs a read of memory; through the buffer only the ends of the whole run do.
#pragma once

#include <algorithm>
#include <cstdint>

#include "vectors.h"

namespace opbench::OPBENCH_VARIANT {

template <typename T>
class Queue {
 public:
  static constexpr int64_t width = Vec<T>::width;
  static constexpr int64_t most = 8192 / static_cast<int64_t>(sizeof(T));  // elements that may be added at a time

  explicit Queue(T* to) : to_(to) {}
  Queue(const Queue&) = delete;
  Queue& operator=(const Queue&) = delete;
  ~Queue() { finish(); }

  // What is added from now on goes to `to`.
  void restart(T* to) {
    finish();
    to_ = to;
  }
  // `most` elements, and a vector more, may be written here before `added` says how many count.
  T* place() { return held_ + count_; }
  void added(int64_t count) {
    count_ += count;
    if (count_ >= most) flush();
  }

 private:
  void flush() {
    int64_t at = before_aligned(to_, count_);
    std::copy(held_, held_ + at, to_);
    for (; at + width <= count_; at += width) put<Stores::streaming>(to_ + at, Vec<T>::load(held_ + at));
    std::copy(held_ + at, held_ + count_, held_);
    to_ += at;
    count_ -= at;
  }
  void finish() {
    flush();
    std::copy(held_, held_ + count_, to_);
    count_ = 0;
  }

  T* to_;
  int64_t count_ = 0;
  alignas(kLine) T held_[2 * most + width];
};

// Copy around the caches, or through them.
template <Stores stores, typename T>
void copy(const T* from, T* to, int64_t count) {
  int64_t at = 0;
  if constexpr (stores == Stores::streaming) {
    constexpr int64_t width = Vec<T>::width;
    at = before_aligned(to, count);
    std::copy(from, from + at, to);
    for (; at + width <= count; at += width) put<stores>(to + at, Vec<T>::load(from + at));
  }
  std::copy(from + at, from + count, to + at);
}

}  // namespace opbench::OPBENCH_VARIANT
