"""Softmax against a C++ extension of one's own: `opbench sweep examples/softmax_cpp.py --rows 64,512`."""

import torch
from torch.utils.cpp_extension import load_inline

import opbench

SOURCE = """
#include <ATen/Parallel.h>
#include <torch/library.h>
at::Tensor softmax(const at::Tensor& x) {
  at::Tensor y = x.new_empty(x.sizes());
  const int64_t columns = x.size(1);
  at::parallel_for(0, x.size(0), 16, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      float *a = x.data_ptr<float>() + row * columns, *b = y.data_ptr<float>() + row * columns;
      float most = *std::max_element(a, a + columns), sum = 0;
      for (int64_t i = 0; i < columns; ++i) sum += b[i] = std::exp(a[i] - most);
      for (int64_t i = 0; i < columns; ++i) b[i] /= sum;
    }
  });
  return y;
}
TORCH_LIBRARY(opbench_example, library) { library.def("softmax", softmax); }
"""


@opbench.operator(axes={"rows": 256, "columns": 1024}, check=[{"rows": 1, "columns": 1}, {"rows": 3, "columns": 131}])
def softmax(x):
    return torch.softmax(x, dim=-1)


@softmax.inputs
def inputs(rows, columns):
    return torch.randn(rows, columns)


@softmax.backend("mine", device="cpu", prepares=True)
def mine(x):
    if x.dtype != torch.float32:
        raise TypeError(f"takes float32, not {x.dtype}")
    load_inline("opbench_example", SOURCE, no_implicit_headers=True, is_python_module=False, extra_cflags=["-O3"])
    return lambda: torch.ops.opbench_example.softmax(x)
