"""A machine whose figures are round: what the tests of limits are computed with by hand."""

from __future__ import annotations

import math
from dataclasses import replace

from opbench.ceilings import Ceilings, Level, Rate
from opbench.vocabulary.case import Axes, Case, Point
from opbench.vocabulary.record import Check, Measured, Record
from opbench.vocabulary.work import Work

ENVIRONMENT = {"device": "cpu", "device_name": "Abacus", "threads": 2, "versions": {"torch": "2.13.0"}}


def flat(value: float) -> Rate:
    return Rate(value, value, value)


MACHINE = Ceilings(
    environment={"device": "cpu", "device_name": "Abacus", "threads": 2, "torch": "2.13.0"},
    levels=(Level("L1", 1_000), Level("L2", 100_000), Level("DRAM", math.inf)),
    bandwidth={
        "read": {500: flat(400.0), 50_000: flat(200.0), 1_000_000: flat(20.0)},
        "write": {500: flat(200.0), 50_000: flat(100.0), 1_000_000: flat(10.0)},
        "copy": {500: flat(500.0), 50_000: flat(160.0), 1_000_000: flat(16.0)},
    },
    arithmetic={"multiply_add": {"float32": flat(1_000.0)}, "matrix": {"float32": flat(800.0), "bfloat16": flat(4e3)}},
    costs={"call": flat(0.25), "launch": flat(0.5), "page": flat(2.0)},
)
"""Bytes and operations a second."""


def slower(ceilings: Ceilings, times: float) -> Ceilings:
    """The same with its low ends that many times lower."""

    def lowered(rate: Rate) -> Rate:
        return replace(rate, low=rate.low / times)

    return replace(
        ceilings,
        bandwidth={
            kind: {size: lowered(rate) for size, rate in curve.items()} for kind, curve in ceilings.bandwidth.items()
        },
    )


def work(macs: int = 0, products: int = 0, read: int = 0, written: int = 0) -> Work:
    return Work(macs, products, 0, bytes_read=read, bytes_written=written)


def record(
    wanted: Work | None,
    *samples_s: float,
    dtype: str = "float32",
    clock: str = "wall",
    faults: int = 0,
    operator: str = "op",
    replica: int = 0,
    sizes: dict[str, int] | None = None,
) -> Record:
    """A measured record of that much work."""
    passed = Check(True, 7, 0, 0.0, 0.0, 0.0, 0.0)
    outcome = Measured(passed, samples_s, 1, "target", 0.0, 1, 0.0, 0.0, page_faults=faults)
    case = Case(Point(operator, Axes({"n": 7}), dtype, clock=clock), "a", replica)
    return Record(case, outcome, ENVIRONMENT, "abc", "2026-01-01T00:00:00+00:00", wanted, sizes or {})
