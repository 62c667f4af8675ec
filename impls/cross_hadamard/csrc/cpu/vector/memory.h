// What the kernels need of memory: reading ahead, and scratch space.
#pragma once

#include <cstdint>
#include <vector>

#include "vectors.h"

namespace opbench::OPBENCH_VARIANT {

// Start reading a line that is needed soon; an address outside does no harm. Tiles of neighbouring maps are pages
// apart, where the processor does not look ahead by itself. Inlined always: GCC 12 takes a function that does nothing else
// for one without an effect, and drops calls of it.
__attribute__((always_inline)) inline void prefetch(const void* address) { __builtin_prefetch(address); }
// The same into the second cache, for what the first has no room for yet.
__attribute__((always_inline)) inline void prefetch_second(const void* address) { __builtin_prefetch(address, 0, 2); }

// Bytes up to which a thread keeps memory for its next call: past malloc's 128 KiB threshold fresh memory would be
// mapped, and faulted in page by page, every time.
constexpr int64_t kKept = int64_t{2} << 20;

// `count` elements of `in`, which grows where it is too small, from a cache line's start on.
template <typename T>
T* on_a_line(std::vector<T>& in, int64_t count) {
  const size_t needed = static_cast<size_t>(count) + kLine / sizeof(T);
  if (in.size() < needed) in.resize(needed);
  const auto start = reinterpret_cast<uintptr_t>(in.data());
  return reinterpret_cast<T*>((start + kLine - 1) / kLine * kLine);
}

// `count` elements on a cache line's start, their values undefined. A thread keeps small ones, so it
// may have one of a type at a time.
template <typename T>
class Scratch {
 public:
  explicit Scratch(int64_t count) {
    thread_local std::vector<T> kept;
    values_ = on_a_line(count * static_cast<int64_t>(sizeof(T)) <= kKept ? kept : own_, count);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  T* data() const { return values_; }

 private:
  std::vector<T> own_;
  T* values_;
};

}  // namespace opbench::OPBENCH_VARIANT
