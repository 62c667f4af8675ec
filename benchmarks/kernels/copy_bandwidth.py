"""How close to copying memory: forward, backward and ach_expand, every backend and schedule, against one copy.

    python -m benchmarks.kernels.copy_bandwidth            (the GPU where there is one)
    python -m benchmarks.kernels.copy_bandwidth cpu

A copy moves as many bytes as the operator has to (each input read once, each output written once) and takes turns with
the kernels, sample by sample. 100 % is the copy's own time; more is possible where an operator mostly writes. A kernel
whose result is wrong, or that fails, is named and has no figure.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple

import torch

from benchmarks.pinned import run_pinned
from opbench import Axes, Backend, Point, catalog
from opbench.measure.compare import compare
from opbench.measure.timing.clocks import clock_for, clock_named
from opbench.measure.timing.sampler import measure
from opbench.measure.timing.stopping import Precision
from opbench.vocabulary.interval import Interval, geometric_mean, median_interval

if TYPE_CHECKING:
    from torch import Tensor

LARGE = {
    "cross_hadamard": (
        {"batch": 128, "channels": 64, "edge": 28},
        {"batch": 32, "channels": 128, "edge": 28},
        {"batch": 8, "channels": 64, "edge": 112},
        {"batch": 512, "channels": 64, "edge": 14},
        {"batch": 2048, "channels": 64, "edge": 7},
    ),
    "ach_expand": (
        {"batch": 4096, "channels": 96, "selected": 16, "edge": 14},
        {"batch": 8192, "channels": 128, "selected": 32, "edge": 7},
        {"batch": 1024, "channels": 192, "selected": 32, "edge": 14},
    ),
}
"""Outputs of 256 MiB and more in bfloat16, so that half of what a copy moves is past a 50 MB cache too. A CPU gets a
sixteenth of each batch."""


class Row(NamedTuple):
    point: Point
    fractions: dict[str, float]


def points(device: str) -> Iterator[Point]:
    for name, shapes in LARGE.items():
        for mode in ("forward", "backward"):
            for shape in shapes:
                for dtype in ("float32", "bfloat16"):
                    batch = max(1, shape["batch"] // (16 if device == "cpu" else 1))
                    axes = catalog.operator(name).complete(Axes(shape | {"batch": batch}))
                    yield Point(name, axes, dtype, device, mode, clock_for(device))


def labels(point: Point) -> Iterator[tuple[str, Backend, str]]:
    """Every schedule of the backends that can run here, but a gradient, which has one, once a backend."""
    for name in catalog.backend_names(point.operator):
        found = catalog.backend(point.operator, name)
        if not isinstance(found, Backend) or found.refusal(point) or name.startswith("torch_"):
            continue
        for schedule in ("",) if point.mode == "backward" else found.schedules:
            yield f"{name}:{schedule}".rstrip(":"), found, schedule


def copying(total_bytes: int, device: str) -> Callable[[], Tensor]:
    source = torch.ones(total_bytes // 8, device=device)
    target = torch.empty_like(source)
    return lambda: target.copy_(source)


def row(point: Point) -> Row:
    operator = catalog.operator(point.operator)
    inputs = operator.inputs(point)
    launches = {"copy": copying(operator.work(point).moved_bytes, point.device)}
    want = operator.reference(point, inputs)
    for label, backend, schedule in labels(point):
        try:
            launch = backend.prepare(point, inputs, None, schedule)
            check = compare(launch(), want, operator.tolerance(point), inputs["x"].dtype)
        except Exception as exc:  # noqa: BLE001  (one backend that does not compile must not end the others)
            print(f"{point} {label}: failed: {type(exc).__name__}: {exc}", flush=True)
            continue
        if check.passed:
            launches[label] = launch
        else:
            print(f"{point} {label}: wrong: {check.detail}", flush=True)
    del want
    samples = measure(launches, clock_named(point.clock), lambda: Precision(target=0.01, budget_s=0.2))
    times: dict[str, Interval] = {label: median_interval(one.samples_s) for label, one in samples.items()}
    copy = times.pop("copy")
    return Row(point, {label: copy.mid / one.mid for label, one in times.items()})


def main() -> None:
    device = sys.argv[1] if sys.argv[1:] else ("cuda" if torch.cuda.is_available() else "cpu")
    best: dict[str, list[float]] = {}
    for point in points(device):
        found = row(point)
        ranked = sorted(found.fractions.items(), key=lambda one: -one[1])
        print(f"{point}: " + ", ".join(f"{label} {fraction:.0%}" for label, fraction in ranked), flush=True)
        if ranked:
            best.setdefault(f"{point.operator} {point.mode} {point.dtype}", []).append(ranked[0][1])
    print("\nbest kernel, share of the copy's bandwidth: geometric mean, least")
    for what, fractions in best.items():
        print(f"  {what:34} {geometric_mean(fractions):.0%}  {min(fractions):.0%}")


if __name__ == "__main__":
    run_pinned("benchmarks.kernels.copy_bandwidth", main)
