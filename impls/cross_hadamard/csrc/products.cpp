// The product and its gradient as functions of tensors of any strides, rank >= 2 and size.
#include <ATen/Dispatch.h>
#include <ATen/Parallel.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>

#include <cstring>

#include "aliasing.h"
#include "checks.h"
#include "storage.h"
#include "tensors.h"

namespace opbench {
namespace {

using at::Tensor;
using std::optional;

// The selected channels of every sample as one contiguous (B, k, *spatial) tensor. k is small beside P, so the
// copy is a 2/(k-1) share of the output, and it makes the second factors contiguous.
Tensor select(const Tensor& x, const Tensor& index) {
  check_index(x, index);
  const Tensor source = x.contiguous(), rows = index.contiguous();
  const int64_t channels = x.size(1), k = index.size(1), total = index.numel();
  Tensor z = at::empty(with_channels(x, k), source.options());
  if (z.numel() == 0) return z;  // and has no address to copy to
  const int64_t bytes = static_cast<int64_t>(z.nbytes()) / total;
  const auto* from = static_cast<const char*>(source.const_data_ptr());
  auto* to = static_cast<char*>(z.mutable_data_ptr());
  const auto* wanted = rows.const_data_ptr<int64_t>();
  for (int64_t row = 0; row < total; ++row) {
    std::memcpy(to + row * bytes, from + (row / k * channels + wanted[row]) * bytes, bytes);
  }
  return z;
}

void run(const Tensor& z, const Tensor& out, Schedule schedule, Stores stores) {
  at::get_num_threads();  // PyTorch tells this thread's OpenMP how many there are when it is first asked
  AT_DISPATCH_FLOATING_TYPES_AND2(at::kHalf, at::kBFloat16, z.scalar_type(), "cross_hadamard", [&] {
    kernels_of<scalar_t>().multiply(stored(z.const_data_ptr<scalar_t>()), stored(out.mutable_data_ptr<scalar_t>()),
                                    sizes_of(z, z.size(1)), schedule, stores);
  });
}

int64_t bytes_of(const Tensor& tensor) { return static_cast<int64_t>(tensor.nbytes()); }

}  // namespace

Tensor forward(const Tensor& x, const optional<Tensor>& index, std::string_view schedule) {
  check_input(x);
  const Schedule named = schedule_named(schedule);
  const Tensor z = index.has_value() ? select(x, *index) : x.contiguous();
  Tensor out = at::empty(with_channels(z, checked_pairs(z.size(1))), z.options());
  run(z, out, named, stores_fresh(bytes_of(out)));
  return out;
}

void forward_out(const Tensor& x, const optional<Tensor>& index, Tensor out, std::string_view schedule) {
  check_input(x);
  const Schedule named = schedule_named(schedule);
  const Tensor z = index.has_value() ? select(x, *index) : x.contiguous();
  const auto shape = with_channels(z, checked_pairs(z.size(1)));
  TORCH_CHECK_VALUE(out.sizes() == at::IntArrayRef(shape), "out has shape ", out.sizes(), "; expected ", shape);
  TORCH_CHECK_TYPE(out.scalar_type() == z.scalar_type(), "out is ", out.scalar_type(), "; expected ",
                   z.scalar_type(), " as x");
  // The kernel reads z while it writes: memory they share has to wait.
  if (out.is_contiguous() && !share_memory(out, z)) {
    run(z, out, named, stores_reused(bytes_of(out)));
    if (!out.is_inference()) out.unsafeGetTensorImpl()->bump_version();
  } else {
    Tensor packed = at::empty(out.sizes(), z.options());
    run(z, packed, named, Stores::cached);  // read at once
    out.copy_(packed);
  }
}

Tensor backward(const Tensor& grad, const Tensor& x, const optional<Tensor>& index) {
  check_input(x);
  if (index.has_value()) check_index(x, *index);
  const int64_t n = index.has_value() ? index->size(1) : x.size(1);
  check_grad(grad, x, with_channels(x, checked_pairs(n)));
  const Tensor source = x.contiguous(), packed = grad.contiguous();
  const Tensor rows = index.has_value() ? index->contiguous() : Tensor();
  Tensor grad_x = at::empty(x.sizes(), source.options());
  at::get_num_threads();  // as in `run`
  AT_DISPATCH_FLOATING_TYPES_AND2(at::kHalf, at::kBFloat16, x.scalar_type(), "cross_hadamard_backward", [&] {
    kernels_of<scalar_t>().multiply_backward(stored(packed.const_data_ptr<scalar_t>()),
                                             stored(source.const_data_ptr<scalar_t>()),
                                             rows.defined() ? rows.const_data_ptr<int64_t>() : nullptr,
                                             stored(grad_x.mutable_data_ptr<scalar_t>()), sizes_of(x, n));
  });
  return grad_x;
}

void fill_with(Tensor out, double value, std::optional<bool> streaming) {
  TORCH_CHECK_VALUE(out.is_contiguous(), "out has strides ", out.strides(), "; expected a contiguous tensor");
  const Stores own = stores_fresh(bytes_of(out));
  const Stores stores = !streaming.has_value() ? own : *streaming ? Stores::streaming : Stores::cached;
  at::get_num_threads();  // as in `run`
  AT_DISPATCH_FLOATING_TYPES_AND2(at::kHalf, at::kBFloat16, out.scalar_type(), "fill", [&] {
    const auto one = static_cast<scalar_t>(value);
    kernels_of<scalar_t>().fill(stored(out.mutable_data_ptr<scalar_t>()), out.numel(), *stored(&one), stores);
  });
}

void use_stream_from(int64_t fresh_bytes, int64_t reused_bytes) {
  TORCH_CHECK_VALUE(fresh_bytes >= 0 && reused_bytes >= 0, "stores go around the caches from ", fresh_bytes, " and ",
                    reused_bytes, " bytes on; expected numbers of 0 and above");
  stream_from() = {fresh_bytes, reused_bytes};
}

}  // namespace opbench
