// What the kernels need to know of the machine's memory: its caches, who writes what, and scratch space.
#pragma once

#include <ATen/Parallel.h>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "vectors.h"

namespace opbench {

// Bytes of the last-level cache that this processor can use.
int64_t last_level_cache_bytes();

// From which output size on stores bypass the caches: half the last-level cache. GB/s written, cached / streaming, on
// 2 cores of an EPYC 7003 VM with 32 MiB, alone | with the output summed up right after, as a next layer would:
//    6 MiB  29 / 20-30 | 22 / 11      12 MiB  20 / 20 | 21 / 11      24 MiB  18 / 19 (22 / 34 at best) | 18 / 17
inline bool past_cache(int64_t bytes) { return bytes > last_level_cache_bytes() / 2; }

// Run `body(begin, end)` over [0, count) in parts that start on cache lines, serially below `grain` elements.
template <typename Body>
void share(int64_t count, int64_t element_bytes, int64_t grain, const Body& body) {
  const int64_t block = kLine / element_bytes;
  at::parallel_for(0, (count + block - 1) / block, std::max<int64_t>(1, grain / block),
                   [&](int64_t from, int64_t to) { body(from * block, std::min(to * block, count)); });
}

// So many bytes in elements of T.
template <typename T>
constexpr int64_t part(int64_t bytes) {
  return bytes / static_cast<int64_t>(sizeof(T));
}

// Elements below which one thread writes them all: waking the others costs more.
template <typename T>
constexpr int64_t grain() {
  return part<T>(int64_t{32} << 10);
}

// How many units of `each` elements are worth a thread of their own, of which `bytes` are.
template <typename T>
constexpr int64_t units_a_thread(int64_t bytes, int64_t each) {
  return (part<T>(bytes) + each - 1) / each;
}

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

}  // namespace opbench
