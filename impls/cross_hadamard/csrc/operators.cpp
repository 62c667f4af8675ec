// The operators of namespace opbench_cpp: kernels and nothing else. Gradients, shapes without data and the public
// contract belong to the operators of all backends, which call these.
#include "../../torch_interface/csrc/library.h"
#include "tensors.h"
#include "variants.h"
#include "vectors_in_use.h"

namespace opbench {

static const Library kLibrary("opbench_cpp", [](Library& library) {
  library
      .def<forward>("cross_hadamard(Tensor x, Tensor? index=None, int schedule=-1) -> Tensor")
      .def<forward_out>("cross_hadamard_out(Tensor x, Tensor? index, Tensor(a!) out, int schedule=-1) -> ()")
      .def<backward>("cross_hadamard_backward(Tensor grad, Tensor x, Tensor? index=None) -> Tensor")
      .def<expand>(
          "ach_expand(Tensor x, Tensor index, Tensor alpha, Tensor weight, Tensor bias, int norm=0, int schedule=-1) "
          "-> Tensor")
      .def<select_expand>(
          "ach_select_expand(Tensor x, Tensor taps, int k, Tensor alpha, Tensor weight, Tensor bias, int norm=0, "
          "int schedule=-1, Tensor? mean=None, Tensor? variance=None, float eps=0.) -> Tensor")
      .def<expand_backward>(
          "ach_expand_backward(Tensor grad, Tensor x, Tensor index, Tensor alpha, Tensor weight, Tensor bias, "
          "int norm=0) -> (Tensor, Tensor, Tensor, Tensor)")
      .def<fill_with>("fill(Tensor(a!) out, float value, bool? streaming=None) -> ()");
});

}  // namespace opbench

OPBENCH_VECTORS_IN_USE(opbench::choice)

// From which sizes on, in bytes, stores to outputs go around the caches from now on: fresh ones, and those given.
extern "C" void opbench_use_stream_from(int64_t fresh_bytes, int64_t reused_bytes) {
  opbench::stream_from() = {fresh_bytes, reused_bytes};
}
// Whether the vector instructions in use make small maps in stripes too where they stream them; what it was.
extern "C" bool opbench_stripe_small_maps(bool stripes) { return opbench::variant().stripe_small_maps(stripes); }
extern "C" void opbench_stream_from(int64_t* bytes) {
  bytes[0] = opbench::stream_from().fresh_bytes;
  bytes[1] = opbench::stream_from().reused_bytes;
}
