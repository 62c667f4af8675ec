"""RMSNorm three ways: `opbench check examples/rmsnorm.py --simulate`, `opbench sweep examples/rmsnorm.py --rows 64,512`."""

import torch
import triton
import triton.language as tl

import opbench


@opbench.operator(axes={"rows": 256, "hidden": 1024}, check=[{"rows": 1, "hidden": 1}, {"rows": 3, "hidden": 131}])
def rmsnorm(x, weight):
    return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + 1e-6) * weight


@rmsnorm.inputs
def inputs(rows, hidden):
    return torch.randn(rows, hidden), torch.randn(hidden)


rmsnorm.backend("compiled")(torch.compile(rmsnorm.function, dynamic=False))


@triton.jit
def kernel(x, weight, y, hidden, block: tl.constexpr):
    row, column = tl.program_id(0), tl.arange(0, block)
    inside = column < hidden
    values = tl.load(x + row * hidden + column, mask=inside, other=0.0).to(tl.float32)
    scale = tl.rsqrt(tl.sum(values * values) / hidden + 1e-6)
    tl.store(y + row * hidden + column, values * scale * tl.load(weight + column, mask=inside), mask=inside)


@rmsnorm.backend("triton", device="cuda", simulator="Triton's interpreter")
def fused(x, weight):
    y = torch.empty_like(x)
    kernel[(x.shape[0],)](x, weight, y, x.shape[1], triton.next_power_of_2(x.shape[1]))
    return y
