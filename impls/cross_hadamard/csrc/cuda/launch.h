// Launch plans: grid, block, shared memory and kernel instance of every operation, from sizes and what the device has.
//
// Plain C++, without CUDA or torch: the torch extension and the host shim include it. CuPy must not need a C++
// compiler, so launch_plan.py says the same in Python, and a test holds the two equal over many shapes.
//
// Everything tunable is here. Not measured on a GPU yet; what is known is static, from `nvcc -Xptxas -v` for sm_90: no
// kernel spills. Registers in float32 and bfloat16: `blocked` at 16 bytes and tile 8 takes 74 for products, 90 to 127
// normalised; `flat` 34 to 52, `columns` 128 to 144, `expand_owner` 80, the published two 28, the rest 40.
#pragma once

#include <algorithm>
#include <cstdint>

namespace opbench {

struct Device {
  int64_t multiprocessors = 132;        // an H200
  int64_t shared_bytes = 232448;        // what one block may have after opting in
};

struct Problem {
  int64_t batch, channels, n, height, width;
  int64_t itemsize, alignment;  // bytes; alignment: the largest power of two up to 16 that divides every pointer
  int64_t lead = 0;             // channels copied in front of the pairs
  int64_t size() const { return height * width; }
  int64_t pairs() const { return n * (n - 1) / 2; }
  int64_t sum_bytes() const { return itemsize == 8 ? 8 : 4; }
};

struct Plan {
  int64_t grid[3] = {1, 1, 1};
  int64_t block[3] = {1, 1, 1};
  int64_t shared = 0;  // bytes of dynamic shared memory; without any, a kernel has no barrier
  int64_t vector = 1;  // elements of one access
  int64_t tile = 0;    // blocked and columns: channels j in registers
  int64_t group = 0;   // blocked: tiles of channels i walked past them
  int64_t chunk = 0;   // flat: pieces of one block
  int64_t magic = 0, shift = 0;  // flat: division by the spatial size
};

namespace plans {

constexpr int64_t kGridX = 2147483647, kGridYZ = 65535;
// Threads a multiprocessor keeps, about: `blocked` takes 74 registers at its widest product, so 3 blocks of 256.
constexpr int64_t kResident = 1024;

inline int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

// Elements of the widest access, up to `most` bytes, that the spatial size and the pointers allow.
inline int64_t vector_of(const Problem& problem, int64_t most) {
  int64_t bytes = std::min(most, problem.alignment);
  while (bytes > problem.itemsize && problem.size() * problem.itemsize % bytes) bytes /= 2;
  return std::max<int64_t>(1, bytes / problem.itemsize);
}

inline Plan published(const Problem& problem, int64_t blocks) {
  Plan plan;
  plan.grid[0] = std::min(blocks, kGridX);
  plan.grid[1] = std::min(ceil_div(problem.height, 32), kGridYZ);
  plan.grid[2] = std::min(ceil_div(problem.width, 32), kGridYZ);
  plan.block[0] = plan.block[1] = 32;
  return plan;
}

inline Plan direct(const Problem& problem) { return published(problem, problem.batch * problem.pairs()); }
inline Plan balanced(const Problem& problem) { return published(problem, problem.batch * problem.n); }

inline int64_t tile_pairs(int64_t columns, int64_t group) {
  const int64_t full = columns / group;
  return group * full * (full + 1) / 2 + (columns - full * group) * (full + 1);
}

// The most work per thread that still fills the device: a taller tile re-reads less (reads per store: 0.16 with tile 8
// and group 4, 0.25 with group 1, 1 with tile 2), a small one is for shapes that have no threads to spare.
inline Plan blocked(const Problem& problem, const Device& device) {
  constexpr int64_t choices[][2] = {{8, 4}, {8, 2}, {8, 1}, {2, 1}};
  Plan plan;
  plan.vector = vector_of(problem, 16);
  const int64_t vectors = problem.size() / plan.vector;
  int64_t items = 0;
  for (const auto& choice : choices) {
    plan.tile = choice[0];
    plan.group = choice[1];
    items = problem.batch * vectors * tile_pairs(ceil_div(problem.n, plan.tile), plan.group);
    if (items >= device.multiprocessors * kResident) break;
  }
  plan.block[0] = 256;
  plan.grid[0] = ceil_div(items + problem.batch * problem.lead * vectors, plan.block[0]);
  return plan;
}

// a / divisor = a * magic >> (32 + shift) for every 0 <= a < 2^31; magic 0 stands for a divisor of 1.
inline void divide_by(int64_t divisor, Plan& plan) {
  int64_t bits = 0;
  while ((int64_t{1} << bits) < divisor) ++bits;
  plan.magic = divisor == 1 || bits > 31 ? 0 : ceil_div(int64_t{1} << (31 + bits), divisor);
  plan.shift = bits == 0 ? 0 : bits - 1;
}

// Eight blocks a multiprocessor, a block 1 to 16 pieces a thread. Channels are staged when two blocks fit into a
// multiprocessor's shared memory and each writes at least as much as it stages. Pieces come in whole sectors, two each.
inline Plan flat(const Problem& problem, const Device& device) {
  Plan plan;
  plan.block[0] = 256;
  plan.vector = vector_of(problem, 16);
  const int64_t length = (problem.lead + problem.pairs()) * problem.size(), sector = 32 / problem.itemsize;
  const int64_t pieces = 2 * ceil_div(length + sector - 1, sector);  // whatever the output's alignment
  const int64_t wanted = ceil_div(8 * device.multiprocessors, problem.batch);
  const int64_t staged = problem.n * problem.size() * problem.itemsize;
  plan.chunk = std::clamp(2 * ceil_div(pieces, 2 * wanted), plan.block[0], 16 * plan.block[0]);
  if (staged <= device.shared_bytes / 2 && staged <= plan.chunk * 16) plan.shared = staged;
  plan.grid[0] = std::min(ceil_div(pieces, plan.chunk), kGridX);
  plan.grid[1] = std::min(problem.batch, kGridYZ);
  divide_by(problem.size(), plan);
  return plan;
}

// Of one thread of a block that adds up the parameters' sums: 3 values of 8 pairs, and a partial sum.
constexpr int64_t kSummedBytes(const Problem& problem) { return problem.lead ? 25 * problem.sum_bytes() : 0; }

// `columns` where the spatial positions fill the device and the sums fit into shared memory (then tile > 0), with as
// many threads as leave room for a second block; else the product's `owner`, or `expand_owner` with blocks no longer
// than the map needs.
inline Plan backward(const Problem& problem, const Device& device) {
  Plan plan;
  plan.vector = problem.itemsize == 2 ? vector_of(problem, 4) : 1;
  const int64_t vectors = problem.size() / plan.vector;
  const int64_t fixed = 4 * (problem.n + problem.channels);
  const int64_t each = problem.n * plan.vector * problem.sum_bytes() + kSummedBytes(problem);
  int64_t threads = 128;
  while (threads > 32 && each * threads + fixed > device.shared_bytes / 2) threads /= 2;
  if (problem.batch * vectors >= device.multiprocessors * 128 && each * threads + fixed <= device.shared_bytes) {
    plan.block[0] = threads;
    plan.grid[0] = ceil_div(vectors, threads);
    plan.grid[1] = std::min(problem.batch, kGridYZ);
    plan.shared = each * threads + fixed;
    plan.tile = problem.lead ? 8 : 16;
    return plan;
  }
  plan.vector = 1;
  plan.block[0] = 256;
  plan.grid[0] = ceil_div(problem.batch * problem.channels * problem.size(), plan.block[0]);
  if (problem.lead == 0) return plan;
  plan.block[0] = 128;
  while (plan.block[0] > 32 && 2 * problem.size() <= plan.block[0]) plan.block[0] /= 2;
  plan.grid[0] = std::min(problem.batch * ceil_div(problem.size(), plan.block[0]) * (problem.channels + 1), kGridX);
  plan.shared = (kSummedBytes(problem) + 4) * plan.block[0] + 64 * 24;
  return plan;
}

// The parts of (batch, spatial) that expand_backward's sums come in: one for each piece of a map that a block has. They
// are 3 reals a pair and part, where the part read 32 to 128 gradients of each.
inline int64_t sum_parts(const Problem& problem, const Plan& plan) {
  return problem.batch * (plan.tile > 0 ? plan.grid[0] : ceil_div(problem.size(), plan.block[0]));
}

}  // namespace plans
}  // namespace opbench
