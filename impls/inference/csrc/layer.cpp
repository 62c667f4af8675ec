#include "layer.h"

#include <string>

namespace opbench::bottlenecks {

Layer::~Layer() = default;

namespace {

struct Call {
  const Layer& layer;
  Shape in;
  const float* x;
  float* y;
  char* scratch;
  int members;
  Progress progress;
};

void work_on(void* data, int part) {
  auto& call = *static_cast<Call*>(data);
  Team team(call.progress, part, call.members);
  call.layer.work(team, call.in, call.x, call.y, call.scratch);
}

}  // namespace

void Layer::run(const Parallel& parallel, Shape in, const float* x, float* y, char* scratch) const {
  output(in);  // refuses here, where an exception may leave, what it does not take
  Call call{*this, in, x, y, scratch, parallel.threads, {}};
  if (parallel.threads == 1) return work_on(&call, 0);
  parallel.run(parallel.context, parallel.threads, work_on, &call);
}

void Choosing::choose(Shape in, const float* x, int64_t* index, char* scratch) const {
  output(in);
  Progress progress;
  Team alone(progress, 0, 1);
  choose_in(alone, in, x, index, scratch);
}

void refuse_channels(const char* what, int64_t came, int64_t expected) {
  throw Refused(std::string(what) + ": x has " + std::to_string(came) + " channels; expected " + std::to_string(expected));
}

void refuse_map(const char* what, Shape in, int64_t height, int64_t width, int64_t stride) {
  throw Refused(std::string(what) + ": a map of " + std::to_string(in.height) + "x" + std::to_string(in.width) +
                " has no place for a window of " + std::to_string(height) + "x" + std::to_string(width) + " at stride " +
                std::to_string(stride) + "; give it a larger one");
}

}  // namespace opbench::bottlenecks
