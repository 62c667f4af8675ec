"""Records made by hand, small enough to read: no harness, no clock, no torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from opbench.vocabulary.case import Axes, AxisValue, Case, Point
from opbench.vocabulary.record import Check, Failed, Measured, Mismatch, Outcome, Record, Unavailable
from opbench.vocabulary.work import Part, Work

ENVIRONMENT: dict[str, Any] = {
    "device": "cpu",
    "device_name": "Abacus 2",
    "cores": 2,
    "memory_bytes": 8 << 30,
    "versions": {"torch": "2.13.0", "numpy": "2.4.0"},
    "load_average": 0.1,
}


def check(*, passed: bool = True) -> Check:
    return Check(passed, 100, 0 if passed else 3, 1e-6, 1e-5, 1e-4, 1e-5, "" if passed else "first at [0, 7]: nan")


def measured(median_s: float = 1e-5, spread: float = 0.01, count: int = 41, **figures: float) -> Measured:
    """`count` samples spread evenly over `median_s` times 1 ± `spread`."""
    middle = (count - 1) / 2
    samples = tuple(median_s * (1 + spread * (i - middle) / max(middle, 1)) for i in range(count))
    return Measured(check(), samples, 8, "target", 0.25, 100, 0.1, 0.2, 0, figures=figures)


def work(macs: int = 1000, products: int = 200) -> Work:
    return Work(macs, products, 50, 4096, 8192)


def record(
    outcome: Outcome | None = None,
    backend: str = "torch_eager",
    operator: str = "rowsum",
    replica: int = 0,
    dtype: str = "float32",
    counts: Mapping[str, Mapping[str, int] | str] | None = None,
    sizes: Mapping[str, int] | None = None,
    macs: int | None = 1000,
    parts: Sequence[Part] = (),
    device: str = "cpu",
    **axes: AxisValue,
) -> Record:
    point = Point(operator, Axes(axes or {"batch": 1, "channels": 16}), dtype, device)
    return Record(
        case=Case(point, backend, replica),
        outcome=outcome or measured(),
        environment=ENVIRONMENT,
        revision="0123456789ab",
        started="2026-01-02T03:04:05+00:00",
        work=None if macs is None else work(macs),
        sizes=sizes or {},
        counts=counts or {},
        parts=tuple(parts),
    )


def line(backend: str, medians_s: Sequence[float], operator: str = "rowsum") -> list[Record]:
    """One measured record per median, at channels 8, 16, 32, ..."""
    return [
        record(measured(time), backend, operator, batch=1, channels=8 << step) for step, time in enumerate(medians_s)
    ]


def every_outcome() -> list[Record]:
    return [
        record(measured(), "torch_eager"),
        record(Unavailable("no compiler found"), "cpp_ext"),
        record(Failed("prepare", "Traceback:\n  <b>boom</b> & more"), "torch_compile"),
        record(Mismatch(check(passed=False)), "numba_cuda"),
    ]
