// What the kernels need of memory: reading ahead, and scratch space.
#pragma once

#include <cstdint>
#include <vector>

#include "vectors.h"

namespace opbench::OPBENCH_VARIANT {

// Start reading a line that is needed soon; an address outside does no harm. Tiles of neighbouring maps are pages
// apart, where the processor does not look ahead by itself.
inline void prefetch(const void* address) { __builtin_prefetch(address); }

// `count` elements on a cache line's start, their values undefined. A thread keeps small ones for its next call: fresh
// memory past malloc's 128 KiB threshold would be mapped, and faulted in page by page, every time.
template <typename T>
class Scratch {
 public:
  explicit Scratch(int64_t count) {
    thread_local std::vector<T> kept;
    const size_t needed = static_cast<size_t>(count) + kLine / sizeof(T);
    std::vector<T>& from = needed * sizeof(T) <= kKept ? kept : own_;
    if (from.size() < needed) from.resize(needed);
    const auto start = reinterpret_cast<uintptr_t>(from.data());
    values_ = reinterpret_cast<T*>((start + kLine - 1) / kLine * kLine);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  T* data() const { return values_; }

 private:
  static constexpr size_t kKept = size_t{2} << 20;
  std::vector<T> own_;
  T* values_;
};

}  // namespace opbench::OPBENCH_VARIANT
