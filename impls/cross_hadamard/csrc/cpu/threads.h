// Work shared by OpenMP's threads, as at::parallel_for does it: the same team for every call, idle where the work is
// small.
#pragma once

#if defined(_OPENMP)
#include <omp.h>
#endif

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <exception>

#include "vector/vectors.h"

namespace opbench::OPBENCH_VARIANT {

inline int64_t thread_count() {
#if defined(_OPENMP)
  return omp_get_max_threads();
#else
  return 1;
#endif
}

// Calls `body(from, to)` for parts of [0, count), one a thread and none below `grain`; serially inside another parallel
// region. Rethrows the first exception of a part.
template <typename Body>
void parallel_for(int64_t count, int64_t grain, const Body& body) {
  if (count <= 0) return;
#if defined(_OPENMP)
  if (count > grain && count > 1 && thread_count() > 1 && !omp_in_parallel()) {
    std::atomic_flag failed = ATOMIC_FLAG_INIT;
    std::exception_ptr thrown;
#pragma omp parallel
    {
      const int64_t most = (count + grain - 1) / grain, team = omp_get_num_threads();
      const int64_t parts = std::min(team, most), each = (count + parts - 1) / parts;
      const int64_t from = omp_get_thread_num() * each;
      if (from < count) {
        try {
          body(from, std::min(count, from + each));
        } catch (...) {
          if (!failed.test_and_set()) thrown = std::current_exception();
        }
      }
    }
    if (thrown) std::rethrow_exception(thrown);
    return;
  }
#endif
  body(0, count);
}

// Run `body(begin, end)` over [0, count) in parts that start on cache lines, serially below `grain` elements.
template <typename Body>
void share(int64_t count, int64_t element_bytes, int64_t grain, const Body& body) {
  const int64_t block = kLine / element_bytes;
  parallel_for((count + block - 1) / block, std::max<int64_t>(1, grain / block),
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

}  // namespace opbench::OPBENCH_VARIANT
