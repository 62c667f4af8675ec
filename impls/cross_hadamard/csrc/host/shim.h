// CUDA kernels on the CPU: what a kernel names, for a host compiler. Blocks run one after the other; the threads of a
// block are plain calls where the kernel has no barrier, and fibers where it has one (grid.cpp).
//
// It is also a memory checker. Every access to global memory goes through __ldg, __stcs and OPBENCH_STORE, which
// refuse what lies outside the buffers the launch was given; dynamic shared memory ends in a guard zone, and starts
// every block as NaN, so that a value nobody wrote shows.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>

#include "half.h"

// Kernels reach the elements of a vector through pointers to another type, as CUDA allows and C++ does not. And they
// are compiled to be checked, not timed: -O1 halves the build.
#pragma GCC optimize("O1", "no-strict-aliasing")

#define __global__
#define __device__
#define __host__
#define __launch_bounds__(...)
#define OPBENCH_SHARED(name) unsigned char* name = ::opbench::host::dynamic_shared()
#define OPBENCH_STORE(to, value) ::opbench::host::write(to, value)
#define __syncthreads() ::opbench::host::barrier(__FILE__, __LINE__)

namespace opbench::host {

struct Index {
  unsigned x = 0, y = 0, z = 0;
};

struct Buffer {
  const void* begin;
  size_t bytes;
  bool writable;
};

unsigned char* dynamic_shared();
void barrier(const char* file, int line);

// Throws std::out_of_range unless [address, address + bytes) lies within one buffer of the launch.
void check_access(const void* address, size_t bytes, bool write);

// Runs `thread` once for every thread of the grid. With shared bytes the threads of a block are fibers that
// __syncthreads() holds together, else calls one after the other. Throws std::logic_error for a barrier that not all
// threads of the block reach, and for one in a kernel without shared memory; std::out_of_range for memory errors.
void run_grid(const int64_t (&grid)[3], const int64_t (&block)[3], size_t shared_bytes,
              const std::function<void()>& thread);

// The buffers kernels may touch while it lives.
class Buffers {
 public:
  explicit Buffers(std::initializer_list<Buffer> buffers);
  ~Buffers();
  Buffers(const Buffers&) = delete;
  Buffers& operator=(const Buffers&) = delete;
};

template <typename T>
T read(const T* from) {
  check_access(from, sizeof(T), false);
  return *from;
}
template <typename T>
void write(T* to, const T& value) {
  check_access(to, sizeof(T), true);
  *to = value;
}

}  // namespace opbench::host

extern thread_local opbench::host::Index threadIdx, blockIdx, blockDim, gridDim;

struct alignas(8) uint2 {
  unsigned x, y;
};
struct alignas(16) uint4 {
  unsigned x, y, z, w;
};
inline uint4 make_uint4(unsigned x, unsigned y, unsigned z, unsigned w) { return {x, y, z, w}; }

template <typename T>
T __ldg(const T* from) {
  return opbench::host::read(from);
}
template <typename T>
void __stcs(T* to, const T& value) {
  opbench::host::write(to, value);
}

inline unsigned __umulhi(unsigned a, unsigned b) { return static_cast<unsigned>(static_cast<uint64_t>(a) * b >> 32); }
inline double rsqrt(double value) { return 1.0 / std::sqrt(value); }
