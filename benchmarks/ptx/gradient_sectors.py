"""How often the GPU kernels for gradients move a byte, counted on the PTX machine as `benchmarks.ptx.sectors` does.

`python -m benchmarks.ptx.gradient_sectors` prints a markdown table, a line for each backend, operation, dtype and
shape; with a path it also writes the table there as CSV. Exit status 3 where a compiler is missing.

read, written: sectors of all launches of one call, over those of its inputs (grad and x) and of its output (grad_x).
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import ModuleType
from typing import NamedTuple

import torch

from benchmarks.ptx.sectors import SECTOR, backends, named, tell
from impls.cross_hadamard.norms import apply
from opbench import ptx

OPERATIONS = "backward", "expand_backward"
DTYPES = torch.float32, torch.bfloat16
SHAPES = (2, 8, 14, 14), (2, 5, 7, 7)
NORM = "softsign"


class Row(NamedTuple):
    """One call: `launches` kernels, their counts added."""

    backend: str
    operation: str
    dtype: str
    shape: str
    launches: int
    written: float
    read: float
    requests: int
    conflicts: int
    thread_instructions: int


def measure(
    backend: str, kernels: ModuleType, operation: str, dtype: torch.dtype, shape: tuple[int, int, int, int]
) -> Row:
    """Runs one call and checks grad_x against PyTorch's. Raises AssertionError where it differs."""
    generator = torch.Generator().manual_seed(0)
    batch, channels, height, width = shape
    pairs, expands = channels * (channels - 1) // 2, operation == "expand_backward"
    x = torch.randn(shape, generator=generator).to(dtype)
    lead = channels if expands else 0
    grad = torch.randn((batch, lead + pairs, height, width), generator=generator).to(dtype)
    grad_x = torch.full_like(x, float("nan"))
    with ptx.device("sm_90") as device:
        if expands:
            index = torch.arange(channels).expand(batch, channels).contiguous()
            alpha, weight, bias = torch.ones(1), torch.ones(pairs), torch.zeros(pairs)
            kernels.expand_backward(grad, x, index, alpha, weight, bias, NORM, grad_x)
        else:
            kernels.backward(grad, x, None, grad_x)
    leaf = x.double().requires_grad_()
    i, j = torch.triu_indices(channels, channels, 1)
    products = leaf[:, i] * leaf[:, j]
    outputs = apply(NORM, products) if expands else products
    (want,) = torch.autograd.grad(outputs, leaf, grad[:, lead:].double())
    if expands:
        want = want + grad[:, :lead].double()
    torch.testing.assert_close(grad_x.double(), want, rtol=torch.finfo(dtype).eps, atol=1e-4)
    counts = [result.counters for result in device.results]
    inputs = -(-grad.nbytes // SECTOR) + -(-x.nbytes // SECTOR)
    return Row(
        backend,
        operation,
        *named(dtype, shape),
        len(counts),
        round(sum(count.sectors_written for count in counts) / -(-grad_x.nbytes // SECTOR), 3),
        round(sum(count.sectors_read for count in counts) / inputs, 3),
        sum(count.requests for count in counts),
        sum(count.conflicts for count in counts),
        sum(count.thread_instructions for count in counts),
    )


def rows() -> Iterator[Row]:
    """All of them, in order. Raises MachineError where a compiler is missing."""
    for name, kernels in backends():
        for operation in OPERATIONS:
            for dtype in DTYPES:
                for shape in SHAPES:
                    yield measure(name, kernels, operation, dtype, shape)


if __name__ == "__main__":
    raise SystemExit(tell(Row._fields, rows(), sys.argv[1:]))
