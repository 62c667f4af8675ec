// The operators of namespace opbench_gated: rows in, rows out. Shapes are checked, since a wrong one would touch memory
// that belongs to others; gradients are not tracked.
#include "../../cross_hadamard/csrc/dispatch.h"
#include "../../cross_hadamard/csrc/vectors_in_use.h"
#include "../../torch_interface/csrc/library.h"
#include "gated.h"

namespace opbench {

#define OPBENCH_EACH(name)            \
  namespace name {                    \
  extern const GatedVariant kGated;   \
  }
OPBENCH_VARIANTS
#undef OPBENCH_EACH

namespace {

Choice<GatedVariant>& choice() {
#define OPBENCH_EACH(name) {#name, &name::kGated},
  static Choice<GatedVariant> variants{OPBENCH_VARIANTS};
#undef OPBENCH_EACH
  return variants;
}

// By its place in forms.FORMS.
Form form_numbered(int64_t number) {
  OPBENCH_CHECK_VALUE(0 <= number && number <= static_cast<int64_t>(Form::relu), "form is ", number, "; expected 0 to 4");
  return static_cast<Form>(number);
}

void check(const Tensor& each, const char* name, const Tensor& like) {
  OPBENCH_CHECK_VALUE(each.dim() == 2 && each.sizes() == like.sizes(), name, " has shape ", each.sizes(), "; expected ",
                      like.sizes(), ", two axes");
  OPBENCH_CHECK_TYPE(each.dtype() == like.dtype(), name, " is ", each.dtype(), "; expected ", like.dtype());
  OPBENCH_CHECK_VALUE(each.size(1) < 2 || each.strides()[1] == 1, name, " has strides ", each.strides(),
                      "; expected rows whose elements are contiguous");
}

template <typename T>
Operand<const T> read(const Tensor& tensor) {
  return {tensor.data<const T>(), tensor.strides()[0]};
}
template <typename T>
Operand<T> written(const Tensor& tensor) {
  return {tensor.data<T>(), tensor.strides()[0]};
}

Stores stores_of(const Tensor& out, int64_t outputs, int64_t stream_from) {
  return out.bytes() * outputs >= stream_from ? Stores::streaming : Stores::cached;
}

// A row alone lies where it lies: its stride is nobody's business.
Rows rows_of(const Tensor& out) { return {out.size(0), out.size(1)}; }

void forward(const Tensor& gate, const Tensor& value, int64_t form, int64_t stream_from, const Tensor& out) {
  check(gate, "gate", gate);
  check(value, "value", gate);
  check(out, "out", gate);
  const Form named = form_numbered(form);
  if (out.numel() == 0) return;
  at::get_num_threads();  // PyTorch tells this thread's OpenMP how many there are when it is first asked
  for_floating(gate.dtype(), [&](auto type) {
    using T = decltype(type);
    choice().used().of<T>().forward(named, read<T>(gate), read<T>(value), written<T>(out), rows_of(out),
                                    stores_of(out, 1, stream_from));
  });
}

void backward(const Tensor& grad, const Tensor& gate, const Tensor& value, int64_t form, int64_t stream_from,
              const Tensor& grad_gate, const Tensor& grad_value) {
  check(gate, "gate", gate);
  check(value, "value", gate);
  check(grad, "grad", gate);
  check(grad_gate, "grad_gate", gate);
  check(grad_value, "grad_value", gate);
  const Form named = form_numbered(form);
  if (gate.numel() == 0) return;
  at::get_num_threads();
  for_floating(gate.dtype(), [&](auto type) {
    using T = decltype(type);
    choice().used().of<T>().backward(named, read<T>(grad), read<T>(gate), read<T>(value), written<T>(grad_gate),
                                     written<T>(grad_value), rows_of(gate), stores_of(gate, 2, stream_from));
  });
}

const Library kLibrary("opbench_gated", [](Library& library) {
  library
      .def<forward>("forward(Tensor gate, Tensor value, int form, int stream_from, Tensor(a!) out) -> ()")
      .def<backward>(
          "backward(Tensor grad, Tensor gate, Tensor value, int form, int stream_from, Tensor(a!) grad_gate, "
          "Tensor(b!) grad_value) -> ()");
});

}  // namespace
}  // namespace opbench

OPBENCH_VECTORS_IN_USE(opbench::choice)
