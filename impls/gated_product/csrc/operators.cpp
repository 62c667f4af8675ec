// The operators of namespace opbench_gated: rows in, rows out. Shapes are checked, since a wrong one would touch memory
// that belongs to others; gradients are not tracked.
#include <ATen/Dispatch.h>
#include <ATen/Parallel.h>
#include <ATen/core/Tensor.h>
#include <torch/library.h>

#include "../../cross_hadamard/csrc/vectors_in_use.h"
#include "../../cross_hadamard/csrc/elements.h"
#include "gated.h"

namespace opbench {

#define OPBENCH_EACH(name)            \
  namespace name {                    \
  extern const GatedVariant kGated;   \
  }
OPBENCH_VARIANTS
#undef OPBENCH_EACH

namespace {

using at::Tensor;

Choice<GatedVariant>& choice() {
#define OPBENCH_EACH(name) {#name, &name::kGated},
  static Choice<GatedVariant> variants{OPBENCH_VARIANTS};
#undef OPBENCH_EACH
  return variants;
}

Form form_named(std::string_view name) {
  if (name == "silu") return Form::silu;
  if (name == "gelu") return Form::gelu;
  if (name == "gelu_tanh") return Form::gelu_tanh;
  if (name == "sigmoid") return Form::sigmoid;
  if (name == "relu") return Form::relu;
  TORCH_CHECK_VALUE(false, "no form '", name, "'; there are silu, gelu, gelu_tanh, sigmoid, relu");
}

void check(const Tensor& each, const char* name, const Tensor& like) {
  TORCH_CHECK_VALUE(each.dim() == 2 && each.sizes() == like.sizes(), name, " has shape ", each.sizes(), "; expected ",
                    like.sizes(), ", two axes");
  TORCH_CHECK_TYPE(each.scalar_type() == like.scalar_type(), name, " is ", each.scalar_type(), "; expected ",
                   like.scalar_type());
  TORCH_CHECK_VALUE(each.size(1) < 2 || each.stride(1) == 1, name, " has strides ", each.strides(),
                    "; expected rows whose elements are contiguous");
}

template <typename T>
Operand<const Storage<T>> read(const Tensor& tensor) {
  return {stored(tensor.const_data_ptr<T>()), tensor.stride(0)};
}
template <typename T>
Operand<Storage<T>> written(const Tensor& tensor) {
  return {stored(tensor.mutable_data_ptr<T>()), tensor.stride(0)};
}

Stores stores_of(const Tensor& out, int64_t outputs, int64_t stream_from) {
  const int64_t bytes = out.numel() * static_cast<int64_t>(out.element_size()) * outputs;
  return bytes >= stream_from ? Stores::streaming : Stores::cached;
}

// A row alone lies where it lies: its stride is nobody's business.
Rows rows_of(const Tensor& out) { return {out.size(0), out.size(1)}; }

void forward(const Tensor& gate, const Tensor& value, std::string_view form, int64_t stream_from, Tensor out) {
  check(gate, "gate", gate);
  check(value, "value", gate);
  check(out, "out", gate);
  const Form named = form_named(form);
  if (out.numel() == 0) return;
  at::get_num_threads();  // PyTorch tells this thread's OpenMP how many there are when it is first asked
  AT_DISPATCH_FLOATING_TYPES_AND2(at::kHalf, at::kBFloat16, gate.scalar_type(), "gated_product", [&] {
    choice().used().of<Storage<scalar_t>>().forward(named, read<scalar_t>(gate), read<scalar_t>(value), written<scalar_t>(out),
                                             rows_of(out), stores_of(out, 1, stream_from));
  });
}

void backward(const Tensor& grad, const Tensor& gate, const Tensor& value, std::string_view form, int64_t stream_from,
              Tensor grad_gate, Tensor grad_value) {
  check(gate, "gate", gate);
  check(value, "value", gate);
  check(grad, "grad", gate);
  check(grad_gate, "grad_gate", gate);
  check(grad_value, "grad_value", gate);
  const Form named = form_named(form);
  if (gate.numel() == 0) return;
  at::get_num_threads();
  AT_DISPATCH_FLOATING_TYPES_AND2(at::kHalf, at::kBFloat16, gate.scalar_type(), "gated_product_backward", [&] {
    choice().used().of<Storage<scalar_t>>().backward(named, read<scalar_t>(grad), read<scalar_t>(gate), read<scalar_t>(value),
                                              written<scalar_t>(grad_gate), written<scalar_t>(grad_value),
                                              rows_of(gate), stores_of(gate, 2, stream_from));
  });
}

TORCH_LIBRARY(opbench_gated, library) {
  library.def("forward(Tensor gate, Tensor value, str form, int stream_from, Tensor(a!) out) -> ()");
  library.def(
      "backward(Tensor grad, Tensor gate, Tensor value, str form, int stream_from, Tensor(a!) grad_gate, "
      "Tensor(b!) grad_value) -> ()");
  define_vectors<choice>(library);
}

TORCH_LIBRARY_IMPL(opbench_gated, CPU, library) {
  library.impl("forward", forward);
  library.impl("backward", backward);
}

}  // namespace
}  // namespace opbench
