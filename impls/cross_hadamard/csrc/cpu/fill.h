// One value, everywhere: what every output costs at least.
#pragma once

#include "sharing.h"
#include "vector/wide.h"

namespace opbench::OPBENCH_VARIANT {

template <Stores stores, typename T>
void fill_range(T* out, int64_t count, const Vec<T>& all) {
  constexpr int64_t width = Vec<T>::width;
  int64_t at = 0;
  if constexpr (stores == Stores::streaming) {
    at = before_aligned(out, count);
    if (at > 0) all.store(out, at);
  }
  for (; at + width <= count; at += width) put<stores>(out + at, all);
  if (at < count) all.store(out + at, count - at);
  if constexpr (stores == Stores::streaming) drain_streams();
}

template <typename Pool, typename T>
void fill(const Pool& pool, T* out, int64_t count, double value, Stores stores) {
  const Vec<T> all(narrowed<T>(static_cast<Accumulate<T>>(value)));
  share(pool, count, sizeof(T), grain<T>(), [&](int64_t begin, int64_t end) {
    stores == Stores::streaming ? fill_range<Stores::streaming>(out + begin, end - begin, all)
                                : fill_range<Stores::cached>(out + begin, end - begin, all);
  });
}

}  // namespace opbench::OPBENCH_VARIANT
