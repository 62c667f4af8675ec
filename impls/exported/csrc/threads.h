// A call of one operator, and the session's own threads, lent to it: the pool that the kernels share their work by.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <exception>
#include <thread>

#if defined(OPBENCH_OFFICIAL_HEADERS)
#define ORT_API_MANUAL_INIT
#include <onnxruntime_c_api.h>
#else
#include "runtime_api.h"
#endif

namespace opbench {

// The runtime's interface, the node's context, and whether its threads can be had.
struct Context {
  const OrtApi& api;
  OrtKernelContext* node;
  bool has_threads;

  // Bytes of output worth a part. The session's threads spin between operators, so one is there at once. Share of the
  // possible saving that is reached, two threads, two runs of benchmarks.kernels.ort_bound's networks by KiB:
  //    S  8: 82, 84 %   16: 82, 82   32: 81, 82   64: 74, 74      M  8: 82, 87   16: 81, 88   32: 81, 83   64: 72, 77
  static constexpr int64_t kExpandPart = int64_t{16} << 10;

  // A session does not tell how many it has: no more than the processors, usually.
  int64_t threads() const {
    static const int64_t processors = std::max(1u, std::thread::hardware_concurrency());
    return has_threads ? processors : 1;
  }
  // Several a thread, because one that wakes late finds less left to do then.
  int64_t most_parts() const { return has_threads ? 4 * threads() : 1; }

  // Threads take the next part as they become free. One is done right here.
  template <typename Body>
  void parallel_for(int64_t count, int64_t grain, const Body& body) const {
    const int64_t parts = std::min(most_parts(), count / grain);
    if (parts < 2) return count > 0 ? body(0, count) : void();
    Call<Body> call{body, count, parts};
    OrtStatus* failed = api.KernelContext_ParallelFor(node, Call<Body>::run, static_cast<size_t>(parts), 0, &call);
    if (failed != nullptr) {  // it refuses before anything has run
      api.ReleaseStatus(failed);
      body(0, count);
    }
    if (call.thrown) std::rethrow_exception(call.thrown);
  }

 private:
  template <typename Body>
  struct Call {
    const Body& body;
    int64_t count, parts;
    std::atomic_flag failed = ATOMIC_FLAG_INIT;
    std::exception_ptr thrown = nullptr;

    // Nothing may be thrown through the runtime, which is C here.
    static void run(void* data, size_t at) {
      auto& call = *static_cast<Call*>(data);
      const auto part = static_cast<int64_t>(at);
      try {
        call.body(part * call.count / call.parts, (part + 1) * call.count / call.parts);
      } catch (...) {
        if (!call.failed.test_and_set()) call.thrown = std::current_exception();
      }
    }
  };
};

}  // namespace opbench
