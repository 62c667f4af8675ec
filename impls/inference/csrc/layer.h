// A layer of a network, its weights packed: float32 activations (batch, height, width, channels), contiguous.
#pragma once

#include <cstdint>
#include <stdexcept>

#include "team.h"

namespace opbench::bottlenecks {

struct Shape {
  int64_t batch, height, width, channels;
  int64_t pixels() const { return height * width; }
  int64_t sample() const { return pixels() * channels; }
};

// What a layer was given that it does not take, in one line.
struct Refused : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Immutable once made, so that calls may run side by side, each with scratch of its own.
class Layer {
 public:
  virtual ~Layer();

  // The shape of y. Throws Refused where the layer does not take x.
  virtual Shape output(Shape in) const = 0;
  // Bytes that `work` needs besides, where so many work together; they start on a cache line.
  virtual int64_t scratch_bytes(Shape in, int members) const = 0;
  // One member's share. All members of the team call it with the same arguments. Outside of the team's tasks nothing of x,
  // y or scratch is read or written: whoever comes late only finds that all is done.
  virtual void work(Team& team, Shape in, const float* x, float* y, char* scratch) const = 0;

  void run(const Parallel& parallel, Shape in, const float* x, float* y, char* scratch) const;
};

// A layer that chooses channels, and can tell which: index (batch, k).
class Choosing : public Layer {
 public:
  virtual int64_t chosen() const = 0;
  virtual void choose_in(Team& team, Shape in, const float* x, int64_t* index, char* scratch) const = 0;

  void choose(Shape in, const float* x, int64_t* index, char* scratch) const;
};

[[noreturn]] void refuse_channels(const char* what, int64_t came, int64_t expected);
[[noreturn]] void refuse_map(const char* what, Shape in, int64_t height, int64_t width, int64_t stride);

// Scratch is cut into pieces of whole cache lines.
constexpr int64_t kLineBytes = 64;
constexpr int64_t whole_lines(int64_t bytes) { return (bytes + kLineBytes - 1) / kLineBytes * kLineBytes; }

}  // namespace opbench::bottlenecks
