"""How often the GPU kernels for gradients move a byte, counted on the PTX machine as `benchmarks.sectors` does.

`python -m benchmarks.gradient_sectors` prints a markdown table, a line for each backend, operation, dtype and shape;
with a path it also writes the table there as CSV. Exit status 3 where a compiler is missing.

read, written: sectors of all launches of one call, over those of its inputs (grad and x) and of its output (grad_x).
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import torch

from benchmarks.sectors import SECTOR
from impls.cross_hadamard.norms import apply
from opbench import ptx
from opbench.errors import MachineError

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


def backends() -> Iterator[tuple[str, Callable[[], ModuleType]]]:
    """(name, import of its kernels below the adapter)."""

    def of_triton() -> ModuleType:
        from impls.cross_hadamard.gpu.triton_kernels import operations

        return operations

    def of_cuda() -> ModuleType:
        from impls.cross_hadamard.gpu import cupy_kernels

        return cupy_kernels

    def of_numba() -> ModuleType:
        from impls.cross_hadamard.gpu import numba_kernels

        return numba_kernels

    yield from (("triton", of_triton), ("cuda", of_cuda), ("numba", of_numba))


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
        str(dtype).removeprefix("torch."),
        "x".join(map(str, shape)),
        len(counts),
        round(sum(count.sectors_written for count in counts) / -(-grad_x.nbytes // SECTOR), 3),
        round(sum(count.sectors_read for count in counts) / inputs, 3),
        sum(count.requests for count in counts),
        sum(count.conflicts for count in counts),
        sum(count.thread_instructions for count in counts),
    )


def rows() -> Iterator[Row]:
    """All of them, in order. Raises MachineError where a compiler is missing."""
    for name, of in backends():
        kernels = of()
        for operation in OPERATIONS:
            for dtype in DTYPES:
                for shape in SHAPES:
                    yield measure(name, kernels, operation, dtype, shape)


def main(arguments: list[str]) -> int:
    found: list[Row] = []
    print("| " + " | ".join(Row._fields) + " |")
    print("|---" * len(Row._fields) + "|")
    try:
        for row in rows():
            found.append(row)
            print("| " + " | ".join(map(str, row)) + " |", flush=True)
    except MachineError as error:
        print(error, file=sys.stderr)
        return 3
    for path in arguments:
        with Path(path).open("w", newline="", encoding="utf-8") as file:
            csv.writer(file, lineterminator="\n").writerows([Row._fields, *found])
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
