// The operators of namespace opbench_hadamard: kernels and nothing else.
#include <ATen/Dispatch.h>
#include <ATen/Parallel.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <torch/library.h>

#include <atomic>
#include <optional>

#include "../../cross_hadamard/csrc/aliasing.h"
#include "../../cross_hadamard/csrc/elements.h"
#include "../../cross_hadamard/csrc/vectors_in_use.h"
#include "kernels.h"

namespace opbench_hadamard {

#define OPBENCH_EACH(name)       \
  namespace name {               \
  extern const Variant kVariant; \
  }
OPBENCH_VARIANTS
#undef OPBENCH_EACH

namespace {

opbench::Choice<Variant>& choice() {
#define OPBENCH_EACH(name) {#name, &name::kVariant},
  static opbench::Choice<Variant> variants{OPBENCH_VARIANTS};
#undef OPBENCH_EACH
  return variants;
}

using at::Tensor;
using Given = std::optional<Tensor>;

// From which size of an output on, in bytes, its stores go around the caches: one that was just allocated, and one that
// was given.
std::atomic<int64_t> fresh_from{int64_t{16} << 20}, reused_from{int64_t{32} << 20};

void check(const Tensor& x, const Given& before, const Given& after, const Given& matrix, int64_t block, int64_t order) {
  TORCH_CHECK_TYPE(at::isFloatingType(x.scalar_type()), "x is ", x.scalar_type(),
                   "; expected float32, float16, bfloat16 or float64");
  TORCH_CHECK_VALUE(x.dim() >= 1, "x has no axis to transform; expected (*rows, size)");
  const int64_t length = order > 0 ? block / order : 0;
  TORCH_CHECK_VALUE(order == 1 || order == 12 || order == 20 || order == 28, "order is ", order,
                    "; expected 1, 12, 20 or 28");
  TORCH_CHECK_VALUE(length > 0 && (length & (length - 1)) == 0 && length * order == block, "block is ", block,
                    "; expected ", order, " times a power of two");
  TORCH_CHECK_VALUE(x.size(-1) % block == 0, "x has ", x.size(-1), " columns; expected a multiple of block ", block);
  for (const Given* signs : {&before, &after}) {
    TORCH_CHECK_VALUE(!signs->has_value() || (*signs)->numel() == x.size(-1), "signs have ",
                      signs->has_value() ? (*signs)->numel() : 0, " elements; expected ", x.size(-1));
  }
  TORCH_CHECK_VALUE(order == 1 || (matrix.has_value() && matrix->numel() == order * order),
                    "matrix is missing or of another order; expected (", order, ", ", order, ")");
}

// In the type that sums are kept in, contiguous; kept alive by the caller.
template <typename A>
Tensor widened(const Given& tensor) {
  return tensor.has_value() ? tensor->to(c10::CppTypeToScalarType<A>::value).contiguous() : Tensor();
}
template <typename A>
const A* pointer(const Tensor& tensor) {
  return tensor.defined() ? tensor.const_data_ptr<A>() : nullptr;
}

void run(const Tensor& x, const Tensor& out, const Given& before, const Given& after, const Given& matrix, int64_t block,
         int64_t order, double scale, Stores stores) {
  if (x.numel() == 0) return;
  at::get_num_threads();  // PyTorch tells this thread's OpenMP how many there are when it is first asked
  AT_DISPATCH_FLOATING_TYPES_AND2(at::kHalf, at::kBFloat16, x.scalar_type(), "hadamard_transform", [&] {
    using T = opbench::Storage<scalar_t>;
    using A = Accumulate<T>;
    const Tensor first = widened<A>(before), last = widened<A>(after), small = widened<A>(matrix);
    const Arguments<T> arguments{opbench::stored(x.const_data_ptr<scalar_t>()),
                                 opbench::stored(out.mutable_data_ptr<scalar_t>()),
                                 pointer<A>(first),
                                 pointer<A>(last),
                                 pointer<A>(small),
                                 static_cast<A>(scale),
                                 stores};
    choice().used().of<T>()(arguments, {x.numel() / x.size(-1), x.size(-1), block, order});
  });
}

Stores stores_of(const Tensor& out, const std::atomic<int64_t>& from) {
  return static_cast<int64_t>(out.nbytes()) >= from ? Stores::streaming : Stores::cached;
}

Tensor transform(const Tensor& x, const Given& before, const Given& after, const Given& matrix, int64_t block,
                 int64_t order, double scale) {
  check(x, before, after, matrix, block, order);
  const Tensor source = x.contiguous();
  Tensor out = at::empty(source.sizes(), source.options());
  run(source, out, before, after, matrix, block, order, scale, stores_of(out, fresh_from));
  return out;
}

void transform_out(const Tensor& x, const Given& before, const Given& after, const Given& matrix, int64_t block,
                   int64_t order, double scale, Tensor out) {
  check(x, before, after, matrix, block, order);
  TORCH_CHECK_VALUE(out.sizes() == x.sizes(), "out has shape ", out.sizes(), "; expected ", x.sizes());
  TORCH_CHECK_TYPE(out.scalar_type() == x.scalar_type(), "out is ", out.scalar_type(), "; expected ", x.scalar_type(),
                   " as x");
  const Tensor source = x.contiguous();
  const bool in_place = out.is_contiguous() && out.const_data_ptr() == source.const_data_ptr();
  if (in_place) {  // what was just read is in the caches
    run(source, out, before, after, matrix, block, order, scale, Stores::cached);
  } else if (out.is_contiguous() && !opbench::share_memory(out, source)) {
    run(source, out, before, after, matrix, block, order, scale, stores_of(out, reused_from));
  } else {
    Tensor packed = at::empty(source.sizes(), source.options());
    run(source, packed, before, after, matrix, block, order, scale, Stores::cached);
    out.copy_(packed);
    return;
  }
  if (!out.is_inference()) out.unsafeGetTensorImpl()->bump_version();
}

void use_stream_from(int64_t fresh_bytes, int64_t reused_bytes) {
  TORCH_CHECK_VALUE(fresh_bytes >= 0 && reused_bytes >= 0, "stores go around the caches from ", fresh_bytes, " and ",
                    reused_bytes, " bytes on; expected numbers of 0 and above");
  fresh_from = fresh_bytes;
  reused_from = reused_bytes;
}

}  // namespace

TORCH_LIBRARY(opbench_hadamard, library) {
  library.def(
      "transform(Tensor x, Tensor? before, Tensor? after, Tensor? matrix, int block, int order, float scale) -> Tensor");
  library.def(
      "transform_out(Tensor x, Tensor? before, Tensor? after, Tensor? matrix, int block, int order, float scale, "
      "Tensor(a!) out) -> ()");
  library.def("use_stream_from(int fresh_bytes, int reused_bytes) -> ()", use_stream_from);
  opbench::define_vectors<choice>(library);
}

TORCH_LIBRARY_IMPL(opbench_hadamard, CPU, library) {
  library.impl("transform", transform);
  library.impl("transform_out", transform_out);
}

}  // namespace opbench_hadamard
