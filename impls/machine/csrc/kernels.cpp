// What the ceilings of a CPU are measured with: loops that do one thing and nothing else, over memory that is given.
//
// Every thread goes over its own part of the memory `passes` times before the threads meet again, so that waking them
// is paid once and a working set of a level stays in it.
#include <omp.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>

#include "lines.h"

namespace {

using machine::drain;
using machine::kBytes;
using machine::Line;
using machine::put;
using machine::put_past_caches;
using machine::Vector;

// Vectors of a step: eight loads in flight, and eight maxima that do not wait for each other.
constexpr int64_t kStep = 8;

// Parts of a thread's share that are gone through side by side. From memory, four read 1.1 to 1.3 times as fast as one
// on an EPYC 9004 VM (the prefetchers stop at a page's end); in its caches one is as fast.
constexpr int64_t kStreams = 4;

// A thread's lines: [begin, begin + count), whole steps for every stream; the few lines left over are nobody's, and
// counted by `covered`.
struct Share {
  int64_t begin, count;
};

int64_t lines_each(int64_t lines, int threads) { return lines / threads / (kStep * kStreams) * (kStep * kStreams); }

Share share_of(int64_t lines) {
  const int64_t each = lines_each(lines, omp_get_num_threads());
  return {each * omp_get_thread_num(), each};
}

// Keeps passes apart: without it a compiler may see that a second one changes nothing.
inline void pass_ends() { asm volatile("" ::: "memory"); }

// body(line) for every line of a share, four streams side by side where they come from memory.
template <typename Body>
inline void go_over(const Share& share, bool from_memory, const Body& body) {
  const int64_t streams = from_memory ? kStreams : 1, each = share.count / streams;
  for (int64_t at = 0; at < each; at += kStep) {
    for (int64_t stream = 0; stream < streams; ++stream) body(share.begin + stream * each + at);
  }
}

// A chain per vector of `x * a + b`, as many side by side as hide the latency of one: 4 cycles, 2 a cycle.
template <typename T>
void chains(T* values, int64_t count, int64_t steps, T a, T b) {
  constexpr int64_t width = kBytes / sizeof(T), group = 12;
#pragma omp parallel for schedule(static)
  for (int64_t first = 0; first < count / (width * group); ++first) {
    auto* own = reinterpret_cast<Vector<T>*>(values) + first * group;
    Vector<T> x[group];
    for (int64_t i = 0; i < group; ++i) x[i] = own[i];
    for (int64_t step = 0; step < steps; ++step) {
      for (int64_t i = 0; i < group; ++i) x[i] = x[i] * a + b;
    }
    for (int64_t i = 0; i < group; ++i) own[i] = x[i];
  }
  for (int64_t i = count / (width * group) * (width * group); i < count; ++i) {
    for (int64_t step = 0; step < steps; ++step) values[i] = values[i] * a + b;
  }
}

}  // namespace

// The largest of `count` floats, read `passes` times over. All begin on a line's start.
EXPORT float machine_read(const float* values, int64_t count, int64_t passes, bool from_memory) {
  constexpr int64_t width = kBytes / sizeof(float);
  const auto* lines = reinterpret_cast<const Line*>(values);
  const int64_t whole = count / width;
  float largest = count ? values[0] : 0;
  int64_t covered = 0;
#pragma omp parallel reduction(max : largest) reduction(+ : covered)
  {
    const Share share = share_of(whole);
    covered = share.count;
    Line most[kStep];
    for (auto& one : most) one = Line{} + largest;
    for (int64_t pass = 0; pass < passes; ++pass, pass_ends()) {
      go_over(share, from_memory, [&](int64_t line) {
        for (int64_t i = 0; i < kStep; ++i) most[i] = lines[line + i] > most[i] ? lines[line + i] : most[i];
      });
    }
    for (const auto& one : most) {
      for (int64_t i = 0; i < width; ++i) largest = std::max(largest, one[i]);
    }
  }
  for (int64_t i = covered * width; i < count; ++i) largest = std::max(largest, values[i]);
  return largest;
}

// `value` into `count` floats, `passes` times over; past the caches where the working set lies in memory.
EXPORT void machine_write(float* values, int64_t count, int64_t passes, bool past_caches, float value) {
  constexpr int64_t width = kBytes / sizeof(float);
  auto* lines = reinterpret_cast<Line*>(values);
  int64_t covered = 0;
#pragma omp parallel reduction(+ : covered)
  {
    const Share share = share_of(count / width);
    covered = share.count;
    const Line all = Line{} + value;
    for (int64_t pass = 0; pass < passes; ++pass, pass_ends()) {
      if (past_caches) {
        go_over(share, true, [&](int64_t line) {
          for (int64_t i = 0; i < kStep; ++i) put_past_caches(lines + line + i, all);
        });
        drain();
      } else {
        go_over(share, false, [&](int64_t line) {
          for (int64_t i = 0; i < kStep; ++i) put(lines + line + i, all);
        });
      }
    }
  }
  std::fill(values + covered * width, values + count, value);
}

// `count` floats to another place, `passes` times over.
EXPORT void machine_copy(const float* from, float* to, int64_t count, int64_t passes, bool past_caches) {
  constexpr int64_t width = kBytes / sizeof(float);
  const auto* sources = reinterpret_cast<const Line*>(from);
  auto* targets = reinterpret_cast<Line*>(to);
  int64_t covered = 0;
#pragma omp parallel reduction(+ : covered)
  {
    const Share share = share_of(count / width);
    covered = share.count;
    for (int64_t pass = 0; pass < passes; ++pass, pass_ends()) {
      if (past_caches) {
        go_over(share, true, [&](int64_t line) {
          for (int64_t i = 0; i < kStep; ++i) put_past_caches(targets + line + i, sources[line + i]);
        });
        drain();
      } else {
        go_over(share, false, [&](int64_t line) {
          for (int64_t i = 0; i < kStep; ++i) put(targets + line + i, sources[line + i]);
        });
      }
    }
  }
  std::copy(from + covered * width, from + count, to + covered * width);
}

// x = x * a + b, `steps` times, for every value.
EXPORT void machine_chain_float(float* values, int64_t count, int64_t steps, float a, float b) {
  chains(values, count, steps, a, b);
}
EXPORT void machine_chain_double(double* values, int64_t count, int64_t steps, double a, double b) {
  chains(values, count, steps, a, b);
}

// Wakes the threads, which do nothing.
EXPORT void machine_meet() {
#pragma omp parallel
  { pass_ends(); }
}

// Touches that many pages that nobody has touched before, and gives them back. Returns how many it got.
EXPORT int64_t machine_touch(int64_t pages) {
  const int64_t size = sysconf(_SC_PAGESIZE);
  void* fresh = mmap(nullptr, pages * size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (fresh == MAP_FAILED) return 0;
  for (int64_t page = 0; page < pages; ++page) static_cast<volatile char*>(fresh)[page * size] = 1;
  munmap(fresh, pages * size);
  return pages;
}
