// Some threads that go through the phases of one run together, with no thread of their own and no lock.
//
// A barrier that waits for threads would hang where a pool gives fewer than were asked for, as a session's may. Here a phase
// is over when its tasks are done, whoever did them: one member alone comes to the end, and one that starts late passes by.
#pragma once

#include <atomic>
#include <cstdint>

namespace opbench::bottlenecks {

// A pool of threads: run(context, parts, body, data) calls body(data, part) for every part and returns when all have
// returned. They may run side by side or one after the other.
struct Parallel {
  int threads;
  void (*run)(void* context, int parts, void (*body)(void* data, int part), void* data);
  void* context;
};

// OpenMP's threads.
Parallel openmp(int threads);

// What the members share: the phase in the high half, and below it the tasks of it that were taken, a bit each.
struct alignas(64) Progress {
  std::atomic<uint64_t> state{0};
  alignas(64) std::atomic<uint32_t> done{0};
};

class Team {
 public:
  static constexpr int kMostTasks = 32;

  Team(Progress& progress, int member, int members) : progress_(progress), member_(member), members_(members) {}

  int member() const { return member_; }
  int members() const { return members_; }

  // Runs task(0) to task(count - 1), count up to kMostTasks, each by one member, and returns when all are done. A member
  // takes the same ones in every phase as long as the others keep up, whose results are then in its cache.
  template <typename Task>
  void each(int count, const Task& task) {
    if (members_ == 1) {
      for (int at = 0; at < count; ++at) task(at);
      return;
    }
    if (count <= 0) return;
    for (int at = take(count); at >= 0; at = take(count)) {
      task(at);
      finish(count);
    }
    wait();
  }

 private:
  int take(int count);
  void finish(int count);
  void wait();

  Progress& progress_;
  int member_, members_;
  uint32_t phase_ = 0;
};

}  // namespace opbench::bottlenecks
