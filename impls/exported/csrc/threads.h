// The session's own threads, lent to the operator that runs.
#pragma once

#include <algorithm>
#include <cstdint>

#if defined(OPBENCH_OFFICIAL_HEADERS)
#define ORT_API_MANUAL_INIT
#include <onnxruntime_c_api.h>
#else
#include "runtime_api.h"
#endif

namespace opbench {

// Bytes of output worth a thread of their own. The session's threads spin between operators, so one is there at once.
// Share of the possible saving that is reached, two threads, two runs of benchmarks.ort_bound's networks by KiB:
//    S  8: 82, 84 %   16: 82, 82   32: 81, 82   64: 74, 74      M  8: 82, 87   16: 81, 88   32: 81, 83   64: 72, 77
// With one thread a part costs little, as its maps are packed once: M 86 % at 16 and 91 at 64, S 83 at both.
constexpr int64_t kPart = int64_t{16} << 10;
constexpr int64_t kMostParts = 64;

inline int64_t parts_of(int64_t bytes) { return std::clamp<int64_t>(bytes / kPart, 1, kMostParts); }

// A call of one operator: the runtime's interface, the node's context, and whether its threads can be had.
struct Context {
  const OrtApi& api;
  OrtKernelContext* node;
  bool has_threads;

  // body(part) for every part in [0, parts): threads take the next part as they become free. One is done right here.
  template <typename Body>
  void share(int64_t parts, const Body& body) const {
    const auto call = [](void* data, size_t part) { (*static_cast<const Body*>(data))(static_cast<int64_t>(part)); };
    OrtStatus* failed = nullptr;
    if (parts > 1 && has_threads) {
      failed = api.KernelContext_ParallelFor(node, call, static_cast<size_t>(parts), 0, const_cast<Body*>(&body));
      if (failed == nullptr) return;
      api.ReleaseStatus(failed);  // it refuses before anything has run
    }
    for (int64_t part = 0; part < parts; ++part) body(part);
  }
};

}  // namespace opbench
