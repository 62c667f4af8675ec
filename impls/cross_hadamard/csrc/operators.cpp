// The operators of namespace opbench_cpp: registered here, not from Python, because at small shapes a Python
// kernel's dispatch would cost more than the product itself.
//
// Only the ATen headers that are used: <ATen/ATen.h> and torch/csrc/autograd/custom_function.h more than double the
// 13 s this file takes to compile. The gradient is therefore registered from Python (gradient.py), on an operator of
// its own, so that calls without a gradient to track never enter Python.
#include <ATen/Dispatch.h>
#include <ATen/core/LegacyTypeDispatch.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/zeros.h>
#include <c10/core/GradMode.h>
#include <torch/library.h>

#include <cstring>

#include "cpu.h"

namespace opbench {
namespace {

using at::Tensor;
using std::optional;

void check_input(const Tensor& x) {
  TORCH_CHECK_VALUE(x.dim() >= 2, "x has shape ", x.sizes(), "; expected (B, C, *spatial)");
  TORCH_CHECK_TYPE(at::isFloatingType(x.scalar_type()), "x is ", x.scalar_type(),
                   "; expected float32, float16, bfloat16 or float64");
}

void check_index(const Tensor& x, const Tensor& index) {
  TORCH_CHECK_TYPE(index.scalar_type() == at::kLong, "index is ", index.scalar_type(), "; expected int64");
  TORCH_CHECK_VALUE(index.dim() == 2 && index.size(0) == x.size(0), "index has shape ", index.sizes(),
                    "; expected (B, k) with B = ", x.size(0), " as in x");
}

// The selected channels of every sample as one contiguous (B, k, *spatial) tensor. k is small beside P, so the
// copy is a 2/(k-1) share of the output, and it makes the second factors contiguous.
Tensor select(const Tensor& x, const Tensor& index) {
  check_index(x, index);
  const Tensor source = x.contiguous(), rows = index.contiguous();
  auto shape = x.sizes().vec();
  shape[1] = index.size(1);
  Tensor z = at::empty(shape, source.options());
  const int64_t channels = x.size(1), k = index.size(1), total = index.numel();
  const int64_t bytes = total == 0 ? 0 : z.nbytes() / total;
  const auto* from = static_cast<const char*>(source.const_data_ptr());
  auto* to = static_cast<char*>(z.mutable_data_ptr());
  const auto* wanted = rows.const_data_ptr<int64_t>();
  for (int64_t row = 0; row < total; ++row) {
    TORCH_CHECK_INDEX(wanted[row] >= 0 && wanted[row] < channels, "index holds ", wanted[row],
                      "; expected 0 <= index < C = ", channels);
    std::memcpy(to + row * bytes, from + (row / k * channels + wanted[row]) * bytes, bytes);
  }
  return z;
}

std::vector<int64_t> output_shape(const Tensor& z) {
  auto shape = z.sizes().vec();
  shape[1] = z.size(1) * (z.size(1) - 1) / 2;
  return shape;
}

int64_t spatial_size(const Tensor& z) {
  int64_t size = 1;
  for (int64_t dim = 2; dim < z.dim(); ++dim) size *= z.size(dim);
  return size;
}

void run(const Tensor& z, const Tensor& out) {
  AT_DISPATCH_FLOATING_TYPES_AND2(at::kHalf, at::kBFloat16, z.scalar_type(), "cross_hadamard", [&] {
    cross_hadamard<scalar_t>(z.const_data_ptr<scalar_t>(), out.mutable_data_ptr<scalar_t>(), z.size(0), z.size(1),
                             spatial_size(z));
  });
}

Tensor forward(const Tensor& x, const optional<Tensor>& index) {
  check_input(x);
  const Tensor z = index.has_value() ? select(x, *index) : x.contiguous();
  Tensor out = at::empty(output_shape(z), z.options());
  run(z, out);
  return out;
}

void forward_out(const Tensor& x, const optional<Tensor>& index, Tensor out) {
  check_input(x);
  const Tensor z = index.has_value() ? select(x, *index) : x.contiguous();
  TORCH_CHECK_VALUE(out.sizes() == at::IntArrayRef(output_shape(z)), "out has shape ", out.sizes(), "; expected ",
                    output_shape(z));
  TORCH_CHECK_TYPE(out.scalar_type() == z.scalar_type(), "out is ", out.scalar_type(), "; expected ",
                   z.scalar_type(), " as x");
  // The kernel reads z while it writes: memory they share has to wait.
  if (out.is_contiguous() && !out.storage().is_alias_of(z.storage())) {
    run(z, out);
    if (!out.is_inference()) out.unsafeGetTensorImpl()->bump_version();
  } else {
    Tensor packed = at::empty(out.sizes(), z.options());
    run(z, packed);
    out.copy_(packed);
  }
}

Tensor backward(const Tensor& grad, const Tensor& x, const optional<Tensor>& index) {
  const Tensor z = index.has_value() ? select(x, *index) : x.contiguous();
  const Tensor packed = grad.contiguous();
  Tensor grad_z = at::empty_like(z, at::MemoryFormat::Contiguous);
  AT_DISPATCH_FLOATING_TYPES_AND2(at::kHalf, at::kBFloat16, z.scalar_type(), "cross_hadamard_backward", [&] {
    cross_hadamard_backward<scalar_t>(packed.const_data_ptr<scalar_t>(), z.const_data_ptr<scalar_t>(),
                                      grad_z.mutable_data_ptr<scalar_t>(), z.size(0), z.size(1), spatial_size(z));
  });
  if (!index.has_value()) return grad_z;
  std::vector<int64_t> ones(x.dim(), 1);
  ones[0] = index->size(0);
  ones[1] = index->size(1);
  const Tensor rows = index->view(ones).expand(grad_z.sizes());
  return at::zeros(x.sizes(), grad_z.options()).scatter_add(1, rows, grad_z);
}

Tensor forward_meta(const Tensor& x, const optional<Tensor>& index) {
  auto shape = x.sym_sizes().vec();
  const c10::SymInt n = index.has_value() ? index->sym_size(1) : x.sym_size(1);
  shape[1] = n * (n - 1) / 2;
  return at::empty_symint(shape, x.options().memory_format(at::MemoryFormat::Contiguous));
}

Tensor backward_meta(const Tensor&, const Tensor& x, const optional<Tensor>&) {
  return at::empty_symint(x.sym_sizes(), x.options().memory_format(at::MemoryFormat::Contiguous));
}

using Schema = Tensor(const Tensor&, const optional<Tensor>&);

c10::TypedOperatorHandle<Schema> find(const char* name) {
  return c10::Dispatcher::singleton().findSchemaOrThrow(name, "").typed<Schema>();
}

Tensor forward_autograd(const Tensor& x, const optional<Tensor>& index) {
  TORCH_CHECK_NOT_IMPLEMENTED(!x._fw_grad(/*level=*/0).defined(),
                              "cpp_ext has no forward-mode gradient; use backend='torch_eager'");
  if (at::GradMode::is_enabled() && x.requires_grad()) {
    static const auto tracked = find("opbench_cpp::cross_hadamard_tracked");
    return tracked.call(x, index);
  }
  static const auto plain = find("opbench_cpp::cross_hadamard");
  at::AutoDispatchBelowADInplaceOrView below;
  return plain.call(x, index);
}

void fill_with(Tensor out, double value) {
  TORCH_CHECK_VALUE(out.is_contiguous(), "out has strides ", out.strides(), "; expected a contiguous tensor");
  AT_DISPATCH_FLOATING_TYPES_AND2(at::kHalf, at::kBFloat16, out.scalar_type(), "fill", [&] {
    fill<scalar_t>(out.mutable_data_ptr<scalar_t>(), out.numel(), static_cast<scalar_t>(value));
  });
}

}  // namespace

TORCH_LIBRARY(opbench_cpp, library) {
  library.def("cross_hadamard(Tensor x, Tensor? index=None) -> Tensor");
  library.def("cross_hadamard_tracked(Tensor x, Tensor? index=None) -> Tensor");
  library.def("cross_hadamard_out(Tensor x, Tensor? index, Tensor(a!) out) -> ()");
  library.def("cross_hadamard_backward(Tensor grad, Tensor x, Tensor? index=None) -> Tensor");
  library.def("fill(Tensor(a!) out, float value) -> ()");
}
TORCH_LIBRARY_IMPL(opbench_cpp, CPU, library) {
  library.impl("cross_hadamard", forward);
  library.impl("cross_hadamard_tracked", forward);
  library.impl("cross_hadamard_out", forward_out);
  library.impl("cross_hadamard_backward", backward);
  library.impl("fill", fill_with);
}
TORCH_LIBRARY_IMPL(opbench_cpp, Meta, library) {
  library.impl("cross_hadamard", forward_meta);
  library.impl("cross_hadamard_tracked", forward_meta);
  library.impl("cross_hadamard_backward", backward_meta);
}
TORCH_LIBRARY_IMPL(opbench_cpp, Autograd, library) { library.impl("cross_hadamard", forward_autograd); }

}  // namespace opbench
