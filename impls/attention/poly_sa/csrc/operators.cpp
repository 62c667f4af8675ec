// The operator of namespace opbench_poly_sa: tokens in, gates out. Projections are PyTorch's matrix product, a block of
// tokens at a time, so that they are summed while they are in a cache and never written to memory.
#include <ATen/Dispatch.h>
#include <ATen/Parallel.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/mm.h>
#include <torch/library.h>

#include <algorithm>

#include "../../../cross_hadamard/csrc/vectors_in_use.h"
#include "gate.h"

namespace opbench {

#define OPBENCH_EACH(name)           \
  namespace name {                   \
  extern const GateVariant kGate;    \
  }
OPBENCH_VARIANTS
#undef OPBENCH_EACH

namespace {

using at::Tensor;

Choice<GateVariant>& choice() {
#define OPBENCH_EACH(name) {#name, &name::kGate},
  static Choice<GateVariant> variants{OPBENCH_VARIANTS};
#undef OPBENCH_EACH
  return variants;
}

// The sums of each block of each sequence, (batch, blocks, width) in float64.
template <typename T>
void sum_blocks(const Tensor& x, const Tensor& weights, int64_t block, const Tensor& sums) {
  const int64_t tokens = x.size(1), width = x.size(2), blocks = sums.size(1);
  const auto sum = choice().used().of<T>();
  auto* const to = sums.mutable_data_ptr<double>();
  at::parallel_for(0, x.size(0) * blocks, 1, [&](int64_t from, int64_t until) {
    const at::AutoDispatchBelowAutograd untracked;
    const Tensor scratch = at::empty({std::min(block, tokens), 2 * width}, x.options());
    const Tensor partial = at::empty({width}, x.options());
    for (int64_t each = from; each < until; ++each) {
      const int64_t start = each % blocks * block, count = std::min(block, tokens - start);
      Tensor projected = scratch.narrow(0, 0, count);
      at::mm_out(projected, x.select(0, each / blocks).narrow(0, start, count), weights);
      sum(projected.const_data_ptr<T>(), count, width, partial.mutable_data_ptr<T>());
      std::copy_n(partial.const_data_ptr<T>(), width, to + each * width);
    }
  });
}

// mean_t (x_t w1)_c (x_t w2)_c of x (batch, tokens, width) as (batch, width); weights (width, 2 * width) hold w1 and w2.
Tensor gate(const Tensor& x, const Tensor& weights, int64_t block) {
  TORCH_CHECK_VALUE(x.dim() == 3, "x has shape ", x.sizes(), "; expected (batch, tokens, width)");
  TORCH_CHECK_VALUE(weights.dim() == 2 && weights.size(0) == x.size(2) && weights.size(1) == 2 * x.size(2),
                    "weights have shape ", weights.sizes(), "; expected [", x.size(2), ", ", 2 * x.size(2), "]");
  TORCH_CHECK_TYPE(weights.scalar_type() == x.scalar_type(), "weights are ", weights.scalar_type(), "; expected ",
                   x.scalar_type());
  TORCH_CHECK_VALUE(block >= 1, "block is ", block, "; expected at least 1 token");
  const int64_t tokens = x.size(1);
  const Tensor sums = at::empty({x.size(0), (tokens + block - 1) / block, x.size(2)}, x.options().dtype(at::kDouble));
  AT_DISPATCH_FLOATING_TYPES(x.scalar_type(), "poly_sa_gate", [&] { sum_blocks<scalar_t>(x, weights, block, sums); });
  return sums.sum(1).div_(std::max<int64_t>(1, tokens)).to(x.scalar_type());
}

TORCH_LIBRARY(opbench_poly_sa, library) {
  library.def("gate(Tensor x, Tensor weights, int block) -> Tensor");
}

TORCH_LIBRARY_IMPL(opbench_poly_sa, CPU, library) { library.impl("gate", gate); }

}  // namespace
}  // namespace opbench

OPBENCH_VECTORS_IN_USE(opbench::choice)
