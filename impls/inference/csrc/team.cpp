#include "team.h"

#include <thread>

#if defined(_OPENMP)
#include <omp.h>
#endif

namespace opbench::bottlenecks {

namespace {

void run_openmp(void*, int parts, void (*body)(void*, int), void* data) {
#if defined(_OPENMP)
  if (!omp_in_parallel()) {
#pragma omp parallel num_threads(parts)
    for (int part = omp_get_thread_num(); part < parts; part += omp_get_num_threads()) body(data, part);
    return;
  }
#endif
  for (int part = 0; part < parts; ++part) body(data, part);
}

void rest() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

// Looks at the state before a waiting thread gives its processor away: about 20 us, and a phase takes 10 to 100.
constexpr int kPatience = 1000;

}  // namespace

Parallel openmp(int threads) { return {threads, run_openmp, nullptr}; }

// The first free task from the member's own share on, or -1 where none is left.
int Team::take(int count) {
  const uint32_t all = count == 32 ? ~uint32_t{0} : (uint32_t{1} << count) - 1;
  const int own = static_cast<int>(static_cast<int64_t>(member_) * count / members_);
  uint64_t state = progress_.state.load(std::memory_order_acquire);
  while (static_cast<uint32_t>(state >> 32) == phase_) {
    const uint32_t free = ~static_cast<uint32_t>(state) & all;
    if (free == 0) return -1;
    const uint32_t onward = free >> own << own;
    const int task = __builtin_ctz(onward != 0 ? onward : free);
    const uint64_t taken = state | uint64_t{1} << task;
    if (progress_.state.compare_exchange_weak(state, taken, std::memory_order_acq_rel, std::memory_order_acquire)) return task;
  }
  return -1;
}

void Team::finish(int count) {
  if (progress_.done.fetch_add(1, std::memory_order_acq_rel) + 1 != static_cast<uint32_t>(count)) return;
  progress_.done.store(0, std::memory_order_relaxed);
  progress_.state.store(static_cast<uint64_t>(phase_ + 1) << 32, std::memory_order_release);
}

void Team::wait() {
  for (int looks = 0; static_cast<uint32_t>(progress_.state.load(std::memory_order_acquire) >> 32) == phase_; ++looks) {
    looks < kPatience ? rest() : std::this_thread::yield();
  }
  ++phase_;
}

}  // namespace opbench::bottlenecks
