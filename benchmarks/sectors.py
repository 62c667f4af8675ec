"""What the GPU kernels move, counted on the PTX machine: sectors over the fewest that there could be.

`python -m benchmarks.sectors` prints a markdown table, a line for each backend, schedule, dtype and shape; with a path
it also writes the table there as CSV. No GPU is needed, but the compilers are: a backend whose compiler is missing is
named, and the exit status is 3.

written: sectors that stores ask for, over those of the output. read: sectors that loads ask for, over the distinct ones
of the input. requests: of warps, to global memory. conflicts: turns at the banks of shared memory beyond the fewest.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import torch

from opbench import ptx
from opbench.errors import MachineError

SECTOR = 32
SCHEDULES = "direct", "balanced", "blocked", "flat"
DTYPES = torch.float32, torch.bfloat16, torch.float64
SHAPES = (1, 6, 20, 20), (2, 8, 14, 14), (1, 9, 16, 16), (2, 5, 7, 7)

Forward = Callable[[torch.Tensor, None, torch.Tensor, str], None]


class Row(NamedTuple):
    """One launch: ratios are 1 where nothing moves twice."""

    backend: str
    schedule: str
    dtype: str
    shape: str
    written: float
    read: float
    requests: int
    conflicts: int
    thread_instructions: int


def backends() -> Iterator[tuple[str, Callable[[], Forward]]]:
    """(name, import of its forward): the kernels below the adapter, which takes checked tensors."""

    def of_triton() -> Forward:
        from impls.cross_hadamard.gpu.triton_kernels import operations

        return operations.forward

    def of_cuda() -> Forward:
        from impls.cross_hadamard.gpu import cupy_kernels

        return cupy_kernels.forward

    def of_numba() -> Forward:
        from impls.cross_hadamard.gpu import numba_kernels

        return numba_kernels.forward

    yield from (("triton", of_triton), ("cuda", of_cuda), ("numba", of_numba))


def measure(backend: str, forward: Forward, schedule: str, dtype: torch.dtype, shape: tuple[int, int, int, int]) -> Row:
    """Runs one forward and checks it against PyTorch's product. Raises AssertionError where it differs."""
    x = torch.randn(shape, generator=torch.Generator().manual_seed(0)).to(dtype)
    i, j = torch.triu_indices(shape[1], shape[1], 1)
    want = x[:, i] * x[:, j]
    out = torch.full_like(want, float("nan"))
    with ptx.device("sm_90") as device:
        forward(x, None, out, schedule)
    assert torch.equal(out, want), f"{backend} {schedule} {dtype} {shape} differs from PyTorch's product"
    (result,) = device.results
    found = result.counters
    fewest = -(-out.nbytes // SECTOR)
    return Row(
        backend,
        schedule,
        str(dtype).removeprefix("torch."),
        "x".join(map(str, shape)),
        round(found.sectors_written / fewest, 3),
        round(found.sectors_read / -(-x.nbytes // SECTOR), 3),
        found.requests,
        found.conflicts,
        found.thread_instructions,
    )


def rows() -> Iterator[Row]:
    """All of them, in order. Raises MachineError where a compiler is missing."""
    for name, of in backends():
        forward = of()
        for schedule in SCHEDULES:
            for dtype in DTYPES:
                for shape in SHAPES:
                    yield measure(name, forward, schedule, dtype, shape)


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
