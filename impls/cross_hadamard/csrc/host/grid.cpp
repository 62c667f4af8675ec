// The launch shim's scheduler. A thread of a block that has barriers is a fiber with a stack of its own: it runs until
// it returns or reaches a barrier, and when every fiber of the block has, the next round starts.
#include <sys/mman.h>
#include <ucontext.h>

#include <algorithm>
#include <cstring>
#include <exception>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "shim.h"

thread_local opbench::host::Index threadIdx, blockIdx, blockDim, gridDim;

namespace opbench::host {
namespace {

constexpr size_t kStack = size_t{64} << 10, kGuard = 256;
constexpr unsigned char kUnwritten = 0xff, kGuardByte = 0xa5;  // 0xff... is NaN in all four types

struct Fiber {
  ucontext_t context;
  Index index;
  bool done = false;
  const char* file = nullptr;  // the barrier it waits at
  int line = 0;
};

struct State {
  std::vector<Buffer> buffers;
  std::vector<unsigned char> shared;
  size_t shared_bytes = 0;
  ucontext_t scheduler;
  Fiber* current = nullptr;
  const std::function<void()>* body = nullptr;
  std::exception_ptr error;
  char* stacks = nullptr;
  size_t stack_count = 0;

  char* stack(size_t fibers) {
    if (fibers > stack_count) {
      if (stacks) munmap(stacks, stack_count * kStack);
      void* made = mmap(nullptr, fibers * kStack, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
      if (made == MAP_FAILED) throw std::bad_alloc();
      stacks = static_cast<char*>(made);
      stack_count = fibers;
    }
    return stacks;
  }
  ~State() {
    if (stacks) munmap(stacks, stack_count * kStack);
  }
};
thread_local State state;

std::string name(const Index& at) {
  return "(" + std::to_string(at.x) + ", " + std::to_string(at.y) + ", " + std::to_string(at.z) + ")";
}
std::string here() { return "thread " + name(threadIdx) + " of block " + name(blockIdx); }

void enter() {
  try {
    (*state.body)();
  } catch (...) {
    state.error = std::current_exception();
  }
  state.current->done = true;
}

// One round: every fiber to its next barrier or its end. True while some wait.
bool advance(std::vector<Fiber>& fibers) {
  for (Fiber& fiber : fibers) {
    state.current = &fiber;
    threadIdx = fiber.index;
    swapcontext(&state.scheduler, &fiber.context);
    state.current = nullptr;
    if (state.error) std::rethrow_exception(std::exchange(state.error, nullptr));
  }
  const Fiber& first = fibers.front();
  for (const Fiber& fiber : fibers) {
    if (fiber.done == first.done && (first.done || (fiber.file == first.file && fiber.line == first.line))) continue;
    const Fiber& waiting = fiber.done ? first : fiber;
    throw std::logic_error("diverged barrier in block " + name(blockIdx) + ": thread " + name(waiting.index) +
                           " waits at " + waiting.file + ":" + std::to_string(waiting.line) +
                           ", another thread of its block does not");
  }
  return !first.done;
}

void run_fibers(const std::function<void()>& body, std::vector<Fiber>& fibers) {
  char* stacks = state.stack(fibers.size());
  state.body = &body;
  size_t at = 0;
  for (threadIdx.z = 0; threadIdx.z < blockDim.z; ++threadIdx.z) {
    for (threadIdx.y = 0; threadIdx.y < blockDim.y; ++threadIdx.y) {
      for (threadIdx.x = 0; threadIdx.x < blockDim.x; ++threadIdx.x, ++at) {
        Fiber& fiber = fibers[at];
        fiber.index = threadIdx;
        fiber.done = false;
        getcontext(&fiber.context);
        fiber.context.uc_stack.ss_sp = stacks + at * kStack;
        fiber.context.uc_stack.ss_size = kStack;
        fiber.context.uc_link = &state.scheduler;
        makecontext(&fiber.context, enter, 0);
      }
    }
  }
  while (advance(fibers)) continue;
}

void run_calls(const std::function<void()>& body) {
  for (threadIdx.z = 0; threadIdx.z < blockDim.z; ++threadIdx.z) {
    for (threadIdx.y = 0; threadIdx.y < blockDim.y; ++threadIdx.y) {
      for (threadIdx.x = 0; threadIdx.x < blockDim.x; ++threadIdx.x) body();
    }
  }
}

void check_guard() {
  const auto end = state.shared.begin() + static_cast<ptrdiff_t>(state.shared_bytes);
  if (std::all_of(end, state.shared.end(), [](unsigned char byte) { return byte == kGuardByte; })) return;
  throw std::out_of_range("block " + name(blockIdx) + " wrote past its " + std::to_string(state.shared_bytes) +
                          " bytes of shared memory");
}

Index index_of(const int64_t (&sizes)[3]) {
  return {static_cast<unsigned>(sizes[0]), static_cast<unsigned>(sizes[1]), static_cast<unsigned>(sizes[2])};
}

}  // namespace

unsigned char* dynamic_shared() {
  // As aligned as on the device; std::vector<unsigned char> itself is, for its storage comes from operator new.
  return state.shared.data();
}

void barrier(const char* file, int line) {
  Fiber* self = state.current;
  if (!self) throw std::logic_error(here() + " reaches a barrier in a kernel launched without shared memory");
  self->file = file;
  self->line = line;
  swapcontext(&self->context, &state.scheduler);
}

void check_access(const void* address, size_t bytes, bool write) {
  const auto at = reinterpret_cast<uintptr_t>(address);
  if (at % bytes != 0) {
    throw std::out_of_range(here() + (write ? " writes " : " reads ") + std::to_string(bytes) +
                            " bytes at an address that is not a multiple of it");
  }
  for (const Buffer& buffer : state.buffers) {
    const auto begin = reinterpret_cast<uintptr_t>(buffer.begin);
    if (at >= begin && at + bytes <= begin + buffer.bytes && (buffer.writable || !write)) return;
  }
  throw std::out_of_range(here() + (write ? " writes " : " reads ") + std::to_string(bytes) +
                          " bytes outside the buffers of its launch");
}

Buffers::Buffers(std::initializer_list<Buffer> buffers) { state.buffers = buffers; }
Buffers::~Buffers() { state.buffers.clear(); }

void run_grid(const int64_t (&grid)[3], const int64_t (&block)[3], size_t shared_bytes,
              const std::function<void()>& thread) {
  gridDim = index_of(grid);
  blockDim = index_of(block);
  state.shared_bytes = shared_bytes;
  state.shared.assign(shared_bytes + kGuard, kGuardByte);
  std::vector<Fiber> fibers(shared_bytes ? static_cast<size_t>(block[0] * block[1] * block[2]) : 0);
  for (blockIdx.z = 0; blockIdx.z < gridDim.z; ++blockIdx.z) {
    for (blockIdx.y = 0; blockIdx.y < gridDim.y; ++blockIdx.y) {
      for (blockIdx.x = 0; blockIdx.x < gridDim.x; ++blockIdx.x) {
        std::memset(state.shared.data(), kUnwritten, shared_bytes);
        fibers.empty() ? run_calls(thread) : run_fibers(thread, fibers);
        check_guard();
      }
    }
  }
}

}  // namespace opbench::host
