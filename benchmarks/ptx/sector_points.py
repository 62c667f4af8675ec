"""What all schedules of the product move at the contract's check points and at the default sweep's points.

`python -m benchmarks.ptx.sectors --every-point FILE` prints a markdown table, a line for each language, schedule, dtype
and point, and writes it as CSV; `python -m benchmarks.ptx.sector_tables` then puts the worst and the median of each
schedule into docs/ptx.md. Points without output launch nothing and are left out. Every product is checked against
PyTorch's.

written, read: sectors that stores and loads ask for, over the fewest that the call needs (`Work`). distinct_read:
sectors that are read, each once, over the same. requests: of warps, to global memory. conflicts: turns at the banks of
shared memory beyond the fewest.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from importlib import import_module
from typing import NamedTuple

import torch

from benchmarks.ptx.sectors import SCHEDULES, SECTOR
from impls.cross_hadamard.operator import OPERATOR
from opbench import Point, catalog, ptx
from opbench.planning.checks import check_points
from opbench.planning.plan import plan
from opbench.vocabulary.sweep import Narrowing

LANGUAGES = {
    "triton": "triton_kernels.operations",
    "numba": "numba_kernels",
    "nvrtc": "cupy_kernels",
    "nvcc": "nvcc_kernels",
}
"""Name to its kernels below the adapter, in impls.cross_hadamard.gpu."""

DTYPES = "float32", "bfloat16"
SWEEP = "channels"


class Row(NamedTuple):
    """One launch: ratios are 1 where nothing moves twice."""

    backend: str
    schedule: str
    dtype: str
    batch: int
    channels: int
    edge: int
    selected: int
    written: float
    read: float
    distinct_read: float
    requests: int
    conflicts: int
    thread_instructions: int


def points() -> list[Point]:
    """Float32 points of the product that have an output: check points, then the sweep's, each once."""
    checked = check_points(OPERATOR, {}, ["float32"], ["forward"], "cpu")
    asked = catalog.sweep(SWEEP).narrowed(Narrowing(operators=(OPERATOR.name,)))
    swept = (task.point for task in plan(asked, "cpu", "none"))
    return [point for point in dict.fromkeys((*checked, *swept)) if OPERATOR.work(point).bytes_written]


def measure(language: str, schedule: str, point: Point) -> Row:
    """Runs one forward. Raises AssertionError where a product differs, MachineError where a compiler is missing."""
    kernels = import_module(f"impls.cross_hadamard.gpu.{LANGUAGES[language]}")
    inputs = OPERATOR.inputs(point)
    x, index = inputs["x"], inputs.get("index")
    chosen = x if index is None else x[torch.arange(x.shape[0]).unsqueeze(1), index]
    i, j = torch.triu_indices(chosen.shape[1], chosen.shape[1], 1)
    want = chosen[:, i] * chosen[:, j]
    out = torch.full_like(want, float("nan"))
    with ptx.device("sm_90", races=False) as device:  # which `opbench check --simulate=ptx` looks for
        kernels.forward(x, index, out, schedule)
    assert torch.equal(out, want), f"{language} {schedule} {point} differs from PyTorch's product"
    (result,) = device.results
    found, work = result.counters, OPERATOR.work(point)
    fewest_read, fewest_written = -(-work.bytes_read // SECTOR), -(-work.bytes_written // SECTOR)
    axes = point.axes
    return Row(
        language,
        schedule,
        point.dtype,
        axes["batch"],
        axes["channels"],
        axes["edge"],
        axes["selected"],
        round(found.sectors_written / fewest_written, 3),
        round(found.sectors_read / fewest_read, 3),
        round(found.distinct_sectors_read / fewest_read, 3),
        found.requests,
        found.conflicts,
        found.thread_instructions,
    )


def of_schedule(language: str, schedule: str, dtype: str) -> list[Row]:
    """At every point."""
    return [measure(language, schedule, replace(point, dtype=dtype)) for point in points()]


def rows() -> Iterator[Row]:
    """All of them, in order, by as many processes as there are cores. Raises MachineError as `measure`."""
    asked = [(language, schedule, dtype) for language in LANGUAGES for schedule in SCHEDULES for dtype in DTYPES]
    spawning = multiprocessing.get_context("spawn")  # PyTorch's threads do not survive a fork
    with ProcessPoolExecutor(os.cpu_count(), spawning, torch.set_num_threads, (1,)) as pool:
        for found in pool.map(of_schedule, *zip(*asked, strict=True)):
            yield from found
