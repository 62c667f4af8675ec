#include <c10/util/BFloat16.h>
#include <c10/util/Half.h>

#include "cpu.h"
#include "memory.h"

namespace opbench {

template <typename T>
void fill(T* out, int64_t count, T value) {
  const bool stream = past_cache(count * static_cast<int64_t>(sizeof(T)));
  const Vectorized<T> all(value);
  share(count, sizeof(T), grain<T>(), [&](int64_t begin, int64_t end) {
    constexpr int64_t width = Vectorized<T>::size();
    int64_t at = begin;
    if (stream && is_aligned(out + begin)) {
      for (; at + width <= end; at += width) put<true>(out + at, all);
      drain_streams();
    }
    for (; at + width <= end; at += width) put<false>(out + at, all);
    for (; at < end; ++at) out[at] = value;
  });
}

template void fill(float*, int64_t, float);
template void fill(double*, int64_t, double);
template void fill(c10::Half*, int64_t, c10::Half);
template void fill(c10::BFloat16*, int64_t, c10::BFloat16);

}  // namespace opbench
