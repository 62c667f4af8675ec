// Work shared by a pool of threads. The pool is the caller's, OpenMP's or a session's, and has
//
//   int64_t threads() const       how many may work together, at least 1
//   int64_t most_parts() const    into how many parts work is cut at most: more than threads where threads take the next
//                                 part as they become free
//   void parallel_for(int64_t count, int64_t grain, const Body& body) const
//                                 body(from, to) for all parts of [0, count), cut where `grain` is left for each; rethrows
//                                 the first exception of a part
//   kExpandPart                   bytes of output of `expand` worth a part of their own
#pragma once

#include <algorithm>
#include <cstdint>

#include "vector/vectors.h"

namespace opbench::OPBENCH_VARIANT {

// Run `body(begin, end)` over [0, count) in parts that start on cache lines, serially below `grain` elements.
template <typename Pool, typename Body>
void share(const Pool& pool, int64_t count, int64_t element_bytes, int64_t grain, const Body& body) {
  const int64_t block = kLine / element_bytes;
  pool.parallel_for((count + block - 1) / block, std::max<int64_t>(1, grain / block),
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
