#include "selftest.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <c10/util/Exception.h>

#define OPBENCH_ON_HOST
#include "../cuda/kernels.cuh"
#include "../cuda/launch.h"

namespace opbench::host {
namespace {

using at::Tensor;

constexpr int kThreads = 8;

// Every thread writes its number, waits, and reads its neighbour's: wrong without a true barrier.
void neighbours(i64* out) {
  OPBENCH_SHARED(memory);
  i64* shared = reinterpret_cast<i64*>(memory);
  shared[threadIdx.x] = threadIdx.x;
  __syncthreads();
  __stcs(out + threadIdx.x, shared[(threadIdx.x + 1) % kThreads]);
}
void some_leave(i64*) {
  if (threadIdx.x > 2) __syncthreads();
}
void two_barriers(i64*) {
  if (threadIdx.x > 2) {
    __syncthreads();
  } else {
    __syncthreads();
  }
}
void past_the_end(i64* out) { __stcs(out + threadIdx.x + 1, i64{7}); }
void before_the_start(i64* out) { __stcs(out, __ldg(out - 1 + static_cast<int>(threadIdx.x))); }
void past_shared(i64*) {
  OPBENCH_SHARED(memory);
  memory[kThreads * sizeof(i64)] = 0;
}
void unaligned(i64* out) { __stcs(reinterpret_cast<uint4*>(out + 1), uint4{}); }

// data: int64, written in place; the whole tensor is the launch's only buffer.
void launch(void (*kernel)(i64*), const Tensor& data, bool with_barrier) {
  const Buffers buffers{{data.const_data_ptr(), data.nbytes(), true}};
  auto* to = static_cast<i64*>(data.mutable_data_ptr());
  run_grid({1, 1, 1}, {kThreads, 1, 1}, with_barrier ? kThreads * sizeof(i64) : 0, [&] { kernel(to); });
}

// data: int64 rows (p, n) -> rows (i, j).
Tensor pairs(const Tensor& data) {
  Tensor found = at::empty_like(data);
  const auto* from = data.const_data_ptr<int64_t>();
  auto* to = found.mutable_data_ptr<int64_t>();
  for (int64_t row = 0; row < data.size(0); ++row) {
    const Pair pair = pair_of(from[2 * row], from[2 * row + 1]);
    to[2 * row] = pair.i;
    to[2 * row + 1] = pair.j;
  }
  return found;
}

// data: int64 rows (t, group) -> rows (row, column) of `blocked`'s tile pairs.
Tensor tile_pairs(const Tensor& data) {
  Tensor found = at::empty_like(data);
  const auto* from = data.const_data_ptr<int64_t>();
  auto* to = found.mutable_data_ptr<int64_t>();
  for (int64_t row = 0; row < data.size(0); ++row) {
    const TilePair pair = tile_pair_of(from[2 * row], from[2 * row + 1]);
    to[2 * row] = pair.row;
    to[2 * row + 1] = pair.column;
  }
  return found;
}

// data: int64 rows (a, b) -> rows (a / b by multiplication, a / b).
Tensor quotients(const Tensor& data) {
  Tensor found = at::empty_like(data);
  const auto* from = data.const_data_ptr<int64_t>();
  auto* to = found.mutable_data_ptr<int64_t>();
  for (int64_t row = 0; row < data.size(0); ++row) {
    const int64_t a = from[2 * row], b = from[2 * row + 1];
    Plan plan;
    plans::divide_by(b, plan);
    to[2 * row] = divide_by(static_cast<unsigned>(a), static_cast<unsigned>(plan.magic), static_cast<int>(plan.shift));
    to[2 * row + 1] = divide(a, b);
  }
  return found;
}

// data: float32 -> float32 rounded to 16 bits and back.
template <typename T>
Tensor rounded(const Tensor& data) {
  Tensor found = at::empty_like(data);
  for (int64_t k = 0; k < data.numel(); ++k) {
    found.mutable_data_ptr<float>()[k] = widen(narrow<T>(data.const_data_ptr<float>()[k]));
  }
  return found;
}

}  // namespace

Tensor selftest(c10::string_view name, const Tensor& data) {
  struct Kernel {
    const char* name;
    void (*kernel)(i64*);
    bool with_barrier;
  };
  constexpr Kernel kernels[] = {
      {"neighbours", neighbours, true},     {"some_leave", some_leave, true},
      {"two_barriers", two_barriers, true}, {"barrier_without_shared", some_leave, false},
      {"past_the_end", past_the_end, false}, {"before_the_start", before_the_start, false},
      {"past_shared", past_shared, true},   {"unaligned", unaligned, false},
  };
  for (const Kernel& one : kernels) {
    if (name != one.name) continue;
    launch(one.kernel, data, one.with_barrier);
    return data.clone();
  }
  if (name == "pairs") return pairs(data);
  if (name == "tile_pairs") return tile_pairs(data);
  if (name == "quotients") return quotients(data);
  if (name == "half") return rounded<__half>(data);
  if (name == "bfloat16") return rounded<__nv_bfloat16>(data);
  TORCH_CHECK_VALUE(false, "no self-test '", name, "'");
}

}  // namespace opbench::host
