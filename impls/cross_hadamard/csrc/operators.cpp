// The operators of namespace opbench_cpp: kernels and nothing else. Gradients, shapes without data and the public
// contract belong to the operators of all backends, which call these.
//
// torch/library.h takes more than half of this file's compile time, so no other file includes it.
#include <torch/library.h>

#include "tensors.h"
#include "variants.h"
#include "vectors_in_use.h"

namespace opbench {

TORCH_LIBRARY(opbench_cpp, library) {
  library.def("cross_hadamard(Tensor x, Tensor? index=None, str schedule='') -> Tensor");
  library.def("cross_hadamard_out(Tensor x, Tensor? index, Tensor(a!) out, str schedule='') -> ()");
  library.def("cross_hadamard_backward(Tensor grad, Tensor x, Tensor? index=None) -> Tensor");
  library.def(
      "ach_expand(Tensor x, Tensor index, Tensor alpha, Tensor weight, Tensor bias, str norm='softsign', "
      "str schedule='') -> Tensor");
  library.def(
      "ach_select_expand(Tensor x, Tensor taps, int k, Tensor alpha, Tensor weight, Tensor bias, "
      "str norm='softsign', str schedule='', Tensor? mean=None, Tensor? variance=None, float eps=0.) -> Tensor");
  library.def(
      "ach_expand_backward(Tensor grad, Tensor x, Tensor index, Tensor alpha, Tensor weight, Tensor bias, "
      "str norm='softsign') -> (Tensor, Tensor, Tensor, Tensor)");
  library.def("fill(Tensor(a!) out, float value, bool? streaming=None) -> ()");
  library.def("use_stream_from(int fresh_bytes, int reused_bytes) -> ()", use_stream_from);
  library.def("stream_from() -> (int, int)", [] { return std::tuple(stream_from().fresh_bytes, stream_from().reused_bytes); });
  define_vectors<choice>(library);
}

TORCH_LIBRARY_IMPL(opbench_cpp, CPU, library) {
  library.impl("cross_hadamard", forward);
  library.impl("cross_hadamard_out", forward_out);
  library.impl("cross_hadamard_backward", backward);
  library.impl("ach_expand", expand);
  library.impl("ach_select_expand", select_expand);
  library.impl("ach_expand_backward", expand_backward);
  library.impl("fill", fill_with);
}

// Gradients are tracked above these operators. Without this the dispatcher's own warning kernel stands in between and
// costs 2 us a call on tensors that require one.
TORCH_LIBRARY_IMPL(opbench_cpp, Autograd, library) {
  for (const char* name : {"cross_hadamard", "cross_hadamard_out", "cross_hadamard_backward", "ach_expand",
                           "ach_select_expand", "ach_expand_backward", "fill"}) {
    library.impl(name, torch::CppFunction::makeFallthrough());
  }
}

}  // namespace opbench
