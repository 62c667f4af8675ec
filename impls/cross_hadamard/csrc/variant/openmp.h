// OpenMP's threads as a pool, used as at::parallel_for does it: the same team for every call, idle where the work is
// small.
#pragma once

#if defined(_OPENMP)
#include <omp.h>
#endif

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <exception>

namespace opbench::OPBENCH_VARIANT {

class OpenMp {
 public:
  // Bytes of output worth a thread. Whole calls at batch 1, us with 1 | 2 threads on 2 idle cores of an EPYC 9004 VM:
  // 119 KiB 7.9 | 8.2, 169 KiB 9.5 | 9.4, 526 KiB 19.8 | 13.8. Inside a network the other thread is awake and spinning
  // anyway: of what ACH costs Hadaptive-Net-S, 79 to 85 % is saved with 64 KiB, 72 to 79 with 128. And whoever waits for
  // a thread that the operating system has put aside waits for milliseconds.
  static constexpr int64_t kExpandPart = int64_t{64} << 10;

  int64_t threads() const {
#if defined(_OPENMP)
    return omp_get_max_threads();
#else
    return 1;
#endif
  }
  int64_t most_parts() const { return threads(); }

  // One part a thread; serially inside another parallel region.
  template <typename Body>
  void parallel_for(int64_t count, int64_t grain, const Body& body) const {
    if (count <= 0) return;
#if defined(_OPENMP)
    if (count > grain && count > 1 && threads() > 1 && !omp_in_parallel()) {
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
};

// `kernel` on OpenMP's threads, as a function without a pool.
template <auto kernel>
struct OnOpenMp;

template <typename... Arguments, void (*kernel)(const OpenMp&, Arguments...)>
struct OnOpenMp<kernel> {
  static void run(Arguments... arguments) { kernel(OpenMp(), arguments...); }
};

}  // namespace opbench::OPBENCH_VARIANT
