// The operators of namespace opbench_hadamard: kernels and nothing else.
#include <atomic>
#include <optional>
#include <type_traits>

#include "../../cross_hadamard/csrc/dispatch.h"
#include "../../cross_hadamard/csrc/vectors_in_use.h"
#include "../../torch_interface/csrc/library.h"
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

using opbench::Dtype;
using opbench::Packed;
using opbench::Tensor;
using Given = std::optional<Tensor>;

// From which size of an output on, in bytes, its stores go around the caches: one that was just allocated, and one that
// was given.
std::atomic<int64_t> fresh_from{int64_t{16} << 20}, reused_from{int64_t{32} << 20};

void check(const Tensor& x, const Given& before, const Given& after, const Given& matrix, int64_t block, int64_t order) {
  OPBENCH_CHECK_TYPE(opbench::is_floating(x.dtype()), "x is ", x.dtype(),
                   "; expected float32, float16, bfloat16 or float64");
  OPBENCH_CHECK_VALUE(x.dim() >= 1, "x has no axis to transform; expected (*rows, size)");
  const int64_t length = order > 0 ? block / order : 0;
  OPBENCH_CHECK_VALUE(order == 1 || order == 12 || order == 20 || order == 28, "order is ", order,
                    "; expected 1, 12, 20 or 28");
  OPBENCH_CHECK_VALUE(length > 0 && (length & (length - 1)) == 0 && length * order == block, "block is ", block,
                    "; expected ", order, " times a power of two");
  const int64_t columns = x.size(x.dim() - 1);
  OPBENCH_CHECK_VALUE(columns % block == 0, "x has ", columns, " columns; expected a multiple of block ", block);
  for (const Given* signs : {&before, &after}) {
    OPBENCH_CHECK_VALUE(!signs->has_value() || (*signs)->numel() == columns, "signs have ",
                        signs->has_value() ? (*signs)->numel() : int64_t{0}, " elements; expected ", columns);
  }
  OPBENCH_CHECK_VALUE(order == 1 || (matrix.has_value() && matrix->numel() == order * order),
                    "matrix is missing or of another order; expected (", order, ", ", order, ")");
}

// In the type that sums are kept in, contiguous; nothing of what was not given.
class Widened {
 public:
  Widened(const Given& tensor, Dtype dtype) {
    if (tensor) packed_.emplace(*tensor, dtype);
  }
  template <typename A>
  const A* data() const {
    return packed_ ? packed_->data<A>() : nullptr;
  }

 private:
  std::optional<Packed> packed_;
};

void run(const Tensor& x, const Tensor& out, const Given& before, const Given& after, const Given& matrix, int64_t block,
         int64_t order, double scale, Stores stores) {
  const int64_t count = x.numel(), columns = x.size(x.dim() - 1);
  if (count == 0) return;
  at::get_num_threads();  // PyTorch tells this thread's OpenMP how many there are when it is first asked
  opbench::for_floating(x.dtype(), [&](auto type) {
    using T = decltype(type);
    using A = Accumulate<T>;
    const Dtype wide = std::is_same_v<A, double> ? Dtype::float64 : Dtype::float32;
    const Widened first(before, wide), last(after, wide), small(matrix, wide);
    const Arguments<T> arguments{x.data<const T>(), out.data<T>(),          first.data<A>(), last.data<A>(),
                                 small.data<A>(),   static_cast<A>(scale), stores};
    choice().used().of<T>()(arguments, {count / columns, columns, block, order});
  });
}

Stores stores_of(const Tensor& out, const std::atomic<int64_t>& from) {
  return out.bytes() >= from ? Stores::streaming : Stores::cached;
}

Tensor transform(const Tensor& x, const Given& before, const Given& after, const Given& matrix, int64_t block,
                 int64_t order, double scale) {
  check(x, before, after, matrix, block, order);
  const Packed source(x);
  Tensor out = Tensor::empty(x.sizes(), x.dtype());
  run(source.tensor(), out, before, after, matrix, block, order, scale, stores_of(out, fresh_from));
  return out;
}

void transform_out(const Tensor& x, const Given& before, const Given& after, const Given& matrix, int64_t block,
                   int64_t order, double scale, const Tensor& out) {
  check(x, before, after, matrix, block, order);
  OPBENCH_CHECK_VALUE(out.sizes() == x.sizes(), "out has shape ", out.sizes(), "; expected ", x.sizes());
  OPBENCH_CHECK_TYPE(out.dtype() == x.dtype(), "out is ", out.dtype(), "; expected ", x.dtype(), " as x");
  const Packed packed(x);
  const Tensor& source = packed.tensor();
  const bool in_place = out.is_contiguous() && out.data<const void>() == source.data<const void>();
  if (in_place) {  // what was just read is in the caches
    run(source, out, before, after, matrix, block, order, scale, Stores::cached);
  } else if (out.is_contiguous() && !opbench::share_memory(out, source)) {
    run(source, out, before, after, matrix, block, order, scale, stores_of(out, reused_from));
  } else {
    const Tensor whole = Tensor::empty(x.sizes(), x.dtype());
    run(source, whole, before, after, matrix, block, order, scale, Stores::cached);
    out.copy_from(whole);
    return;
  }
  out.changed();
}

const opbench::Library kLibrary("opbench_hadamard", [](opbench::Library& library) {
  library
      .def<transform>(
          "transform(Tensor x, Tensor? before, Tensor? after, Tensor? matrix, int block, int order, float scale) -> "
          "Tensor")
      .def<transform_out>(
          "transform_out(Tensor x, Tensor? before, Tensor? after, Tensor? matrix, int block, int order, float scale, "
          "Tensor(a!) out) -> ()");
});

}  // namespace
}  // namespace opbench_hadamard

OPBENCH_VECTORS_IN_USE(opbench_hadamard::choice)

// From which sizes on, in bytes, stores to outputs go around the caches from now on: fresh ones, and those given.
extern "C" void opbench_use_stream_from(int64_t fresh_bytes, int64_t reused_bytes) {
  opbench_hadamard::fresh_from = fresh_bytes;
  opbench_hadamard::reused_from = reused_bytes;
}
extern "C" void opbench_stream_from(int64_t* bytes) {
  bytes[0] = opbench_hadamard::fresh_from;
  bytes[1] = opbench_hadamard::reused_from;
}
