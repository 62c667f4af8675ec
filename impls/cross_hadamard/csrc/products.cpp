// The product and its gradient as functions of tensors of any strides, rank >= 2 and size.
#include <cstring>

#include "checks.h"
#include "dispatch.h"
#include "storage.h"
#include "tensors.h"

namespace opbench {
namespace {

using std::optional;

// The selected channels of every sample as one contiguous (B, k, *spatial) tensor. k is small beside P, so the
// copy is a 2/(k-1) share of the output, and it makes the second factors contiguous.
Tensor select(const Tensor& x, const Tensor& index) {
  check_index(x, index);
  const Packed source(x), rows(index);
  const int64_t channels = x.size(1), k = index.size(1), total = index.numel();
  Tensor z = Tensor::empty(with_channels(x, k), x.dtype());
  if (z.numel() == 0) return z;  // and has no address to copy to
  const int64_t bytes = z.bytes() / total;
  const auto* from = source.data<char>();
  auto* to = z.data<char>();
  const auto* wanted = rows.data<int64_t>();
  for (int64_t row = 0; row < total; ++row) {
    std::memcpy(to + row * bytes, from + (row / k * channels + wanted[row]) * bytes, bytes);
  }
  return z;
}

// z (B, n, *spatial): x itself, packed, or the channels of it that index names.
class Factors {
 public:
  Factors(const Tensor& x, const optional<Tensor>& index)
      : selected_(index ? optional<Tensor>(select(x, *index)) : std::nullopt), packed_(selected_ ? *selected_ : x) {}
  const Tensor& tensor() const { return packed_.tensor(); }

 private:
  optional<Tensor> selected_;
  Packed packed_;
};

void run(const Tensor& z, const Tensor& out, Schedule schedule, Stores stores) {
  at::get_num_threads();  // PyTorch tells this thread's OpenMP how many there are when it is first asked
  for_floating(z.dtype(), [&](auto type) {
    using T = decltype(type);
    kernels_of<T>().multiply(z.data<const T>(), out.data<T>(), sizes_of(z, z.size(1)), schedule, stores);
  });
}

}  // namespace

Tensor forward(const Tensor& x, const optional<Tensor>& index, int64_t schedule) {
  check_input(x);
  const Schedule named = schedule_numbered(schedule);
  const Factors factors(x, index);
  const Tensor& z = factors.tensor();
  Tensor out = Tensor::empty(with_channels(z, checked_pairs(z.size(1))), z.dtype());
  run(z, out, named, stores_fresh(out.bytes()));
  return out;
}

void forward_out(const Tensor& x, const optional<Tensor>& index, const Tensor& out, int64_t schedule) {
  check_input(x);
  const Schedule named = schedule_numbered(schedule);
  const Factors factors(x, index);
  const Tensor& z = factors.tensor();
  const Dims expected = with_channels(z, checked_pairs(z.size(1)));
  const Shape shape = expected;
  OPBENCH_CHECK_VALUE(out.sizes() == shape, "out has shape ", out.sizes(), "; expected ", shape);
  OPBENCH_CHECK_TYPE(out.dtype() == z.dtype(), "out is ", out.dtype(), "; expected ", z.dtype(), " as x");
  // The kernel reads z while it writes: memory they share has to wait.
  if (out.is_contiguous() && !share_memory(out, z)) {
    run(z, out, named, stores_reused(out.bytes()));
    out.changed();
  } else {
    const Tensor packed = Tensor::empty(out.sizes(), z.dtype());
    run(z, packed, named, Stores::cached);  // read at once
    out.copy_from(packed);
  }
}

Tensor backward(const Tensor& grad, const Tensor& x, const optional<Tensor>& index) {
  check_input(x);
  if (index) check_index(x, *index);
  const int64_t n = index ? index->size(1) : x.size(1);
  check_grad(grad, x, with_channels(x, checked_pairs(n)));
  const Packed source(x), packed(grad);
  optional<Packed> rows;
  if (index) rows.emplace(*index);
  Tensor grad_x = Tensor::empty(x.sizes(), x.dtype());
  at::get_num_threads();  // as in `run`
  for_floating(x.dtype(), [&](auto type) {
    using T = decltype(type);
    kernels_of<T>().multiply_backward(packed.data<T>(), source.data<T>(), rows ? rows->data<int64_t>() : nullptr,
                                      grad_x.data<T>(), sizes_of(x, n));
  });
  return grad_x;
}

void fill_with(const Tensor& out, double value, std::optional<bool> streaming) {
  OPBENCH_CHECK_VALUE(out.is_contiguous(), "out has strides ", out.strides(), "; expected a contiguous tensor");
  const Stores own = stores_fresh(out.bytes());
  const Stores stores = !streaming.has_value() ? own : *streaming ? Stores::streaming : Stores::cached;
  at::get_num_threads();  // as in `run`
  for_floating(out.dtype(), [&](auto type) {
    using T = decltype(type);
    kernels_of<T>().fill(out.data<T>(), out.numel(), value, stores);
  });
}

}  // namespace opbench
