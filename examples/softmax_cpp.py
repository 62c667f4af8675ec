"""Softmax against a C++ extension of one's own: `opbench sweep examples/softmax_cpp.py --rows 64,512`."""

import torch
from torch.utils.cpp_extension import load_inline

import opbench

SOURCE = """
torch::Tensor softmax(torch::Tensor x) {
  auto y = torch::empty_like(x);
  const int64_t columns = x.size(1);
  at::parallel_for(0, x.size(0), 16, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      const float* a = x.data_ptr<float>() + row * columns;
      float* b = y.data_ptr<float>() + row * columns;
      float most = a[0], sum = 0;
      for (int64_t i = 1; i < columns; ++i) most = std::max(most, a[i]);
      for (int64_t i = 0; i < columns; ++i) sum += b[i] = std::exp(a[i] - most);
      for (int64_t i = 0; i < columns; ++i) b[i] /= sum;
    }
  });
  return y;
}
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
    library = load_inline("opbench_example_softmax", SOURCE, functions=["softmax"], extra_cflags=["-O3"])
    return lambda: library.softmax(x)
