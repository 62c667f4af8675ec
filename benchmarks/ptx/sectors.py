"""What the GPU kernels move, counted on the PTX machine: sectors over the fewest that there could be.

`python -m benchmarks.ptx.sectors` prints a markdown table, a line for each backend, schedule, dtype and shape; with a
path it also writes the table there as CSV. No GPU is needed, but the compilers are: a backend whose compiler is
missing is named, and the exit status is 3. `--every-point` counts all schedules of four languages at the contract's
check points and the default sweep's instead (`sector_points.py`), in under five minutes on two cores.

written: sectors that stores ask for, over those of the output. read: sectors that loads ask for, over the distinct ones
of the input. requests: of warps, to global memory. conflicts: turns at the banks of shared memory beyond the fewest.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import torch

from opbench import ptx
from opbench.errors import MachineError

SECTOR = 32
SCHEDULES = "direct", "balanced", "blocked", "flat"
DTYPES = torch.float32, torch.bfloat16, torch.float64
SHAPES = (1, 6, 20, 20), (2, 8, 14, 14), (1, 9, 16, 16), (2, 5, 7, 7)


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


def backends() -> Iterator[tuple[str, ModuleType]]:
    """(name, its kernels below the adapter, which takes checked tensors), each imported when its turn comes."""
    for name, module in (("triton", "triton_kernels.operations"), ("cuda", "cupy_kernels"), ("numba", "numba_kernels")):
        yield name, import_module(f"impls.cross_hadamard.gpu.{module}")


def named(dtype: torch.dtype, shape: tuple[int, ...]) -> tuple[str, str]:
    """As a table has them: `float32`, `2x5x7x7`."""
    return str(dtype).removeprefix("torch."), "x".join(map(str, shape))


def measure(
    backend: str, kernels: ModuleType, schedule: str, dtype: torch.dtype, shape: tuple[int, int, int, int]
) -> Row:
    """Runs one forward and checks it against PyTorch's product. Raises AssertionError where it differs."""
    x = torch.randn(shape, generator=torch.Generator().manual_seed(0)).to(dtype)
    i, j = torch.triu_indices(shape[1], shape[1], 1)
    want = x[:, i] * x[:, j]
    out = torch.full_like(want, float("nan"))
    with ptx.device("sm_90") as device:
        kernels.forward(x, None, out, schedule)
    assert torch.equal(out, want), f"{backend} {schedule} {dtype} {shape} differs from PyTorch's product"
    (result,) = device.results
    found = result.counters
    fewest = -(-out.nbytes // SECTOR)
    return Row(
        backend,
        schedule,
        *named(dtype, shape),
        round(found.sectors_written / fewest, 3),
        round(found.sectors_read / -(-x.nbytes // SECTOR), 3),
        found.requests,
        found.conflicts,
        found.thread_instructions,
    )


def rows() -> Iterator[Row]:
    """All of them, in order. Raises MachineError where a compiler is missing."""
    for name, kernels in backends():
        for schedule in SCHEDULES:
            for dtype in DTYPES:
                for shape in SHAPES:
                    yield measure(name, kernels, schedule, dtype, shape)


def tell(fields: Sequence[str], measured: Iterator[tuple[object, ...]], paths: Sequence[str]) -> int:
    """Print each row as it comes, as markdown, then write all to `paths` as CSV; the exit status."""
    told: list[tuple[object, ...]] = []
    print("| " + " | ".join(fields) + " |")
    print("|---" * len(fields) + "|")
    try:
        for row in measured:
            told.append(row)
            print("| " + " | ".join(map(str, row)) + " |", flush=True)
    except MachineError as error:
        print(error, file=sys.stderr)
        return 3
    for path in paths:
        with Path(path).open("w", newline="", encoding="utf-8") as file:
            csv.writer(file, lineterminator="\n").writerows([fields, *told])
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ptx.sectors")
    parser.add_argument("paths", nargs="*", metavar="FILE", help="where the table is written as CSV")
    parser.add_argument(
        "--every-point", action="store_true", help="check points and the default sweep's, all schedules"
    )
    given = parser.parse_args()
    if not given.every_point:
        return tell(Row._fields, rows(), given.paths)
    from benchmarks.ptx import sector_points

    return tell(sector_points.Row._fields, sector_points.rows(), given.paths)


if __name__ == "__main__":
    raise SystemExit(main())
