"""Outputs of launches that a device's own clock times are kept and compared too; the device here is scripted."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import torch

from opbench import Axes, Backend, Operator, Point, Tolerance, Work, catalog
from opbench.measure.point import PointMeasurement
from opbench.measure.timing.cuda_events import CudaEvents
from opbench.measure.timing.cuda_graph import CudaGraph
from opbench.vocabulary.case import Case
from opbench.vocabulary.record import Measured, Mismatch, Outcome
from opbench.vocabulary.settings import Settings

from .fake_accelerator import FakeAccelerator, FakeLaunch, Kernel

CLOCKS: dict[str, Callable[..., Any]] = {
    name: partial(CudaGraph if "graph" in name else CudaEvents, name)
    for name in ("cuda_events:warm", "cuda_events:cold", "cuda_graph:warm", "cuda_graph:cold")
}
CHECKED = 6
"""Launches until a backend is checked, at most; what a graph captured is replayed without one."""

Make = Callable[[torch.Tensor], Callable[[], torch.Tensor]]

OPERATOR = Operator(
    name="triple",
    about="y = 3 x",
    axes=(),
    inputs=lambda _: {"x": torch.arange(1.0, 102.0)},
    reference=lambda _, inputs: 3 * inputs["x"].double(),
    work=lambda _: Work(0, 0, 101, 404, 404),
    eager=lambda _: lambda x: 3 * x,
    tolerances={"float32": Tolerance(rtol=1e-6)},
    check_points=({},),
    modes=frozenset({"forward", "out"}),
)


def honest(x: torch.Tensor) -> Callable[[], torch.Tensor]:
    return lambda: 3 * x


def after(compute: Callable[[torch.Tensor], torch.Tensor]) -> Make:
    """Right while it is checked."""

    def make(x: torch.Tensor) -> Callable[[], torch.Tensor]:
        calls = iter(range(1 << 62))
        return lambda: 3 * x if next(calls) < CHECKED else compute(x)

    return make


def keeping(key: Callable[[torch.Tensor], Any]) -> Make:
    def make(x: torch.Tensor) -> Callable[[], torch.Tensor]:
        kept: dict[Any, torch.Tensor] = {}
        return lambda: kept.setdefault(key(x), 3 * x).clone()

    return make


def outcomes(monkeypatch: pytest.MonkeyPatch, clock: str, mode: str = "forward", **makes: Make) -> dict[str, Outcome]:
    """Of backends whose every launch is one kernel of 5 us on a device of its own."""
    device = FakeAccelerator()

    def backend(_: str, name: str) -> Backend:
        def prepare(_: Point, inputs: Any, out: torch.Tensor | None, __: str) -> FakeLaunch:
            compute = makes[name](inputs["x"])
            return FakeLaunch(device, [Kernel()], compute=compute if out is None else lambda: out.copy_(compute()))

        return Backend(about="", prepare=prepare, modes=frozenset({"forward", "out"}))

    monkeypatch.setattr(catalog, "backend", backend)
    monkeypatch.setattr("opbench.measure.point.clock_named", lambda name: CLOCKS[name](device=device))
    point = Point("triple", Axes({}), mode=mode, clock=clock)
    measurement = PointMeasurement(point, [Case(point, name) for name in makes], Settings(), lambda *_: None)
    return measurement.run(OPERATOR, OPERATOR.work(point))


@pytest.mark.parametrize("clock", CLOCKS)
@pytest.mark.parametrize("mode", ["forward", "out"])
def test_an_honest_launch_is_looked_at(monkeypatch: pytest.MonkeyPatch, clock: str, mode: str) -> None:
    found = outcomes(monkeypatch, clock, mode, a=honest, b=honest)
    assert all(isinstance(one, Measured) and one.looks >= 1 for one in found.values()), found


CHEATS: dict[str, Make] = {
    "zeros": after(torch.zeros_like),
    "part": after(lambda x: torch.cat([3 * x[:-1], torch.zeros(1)])),
    "half": after(lambda x: (3 * x.half()).float()),
    "version": keeping(lambda x: x._version),
    "address": keeping(lambda x: x.data_ptr()),
    "first_element": keeping(lambda x: float(x[0])),
    "shape": after(lambda x: 3 * x[:-1]),
}


@pytest.mark.parametrize("clock", CLOCKS)
@pytest.mark.parametrize("cheat", CHEATS)
def test_one_that_is_wrong_once_it_is_timed_is_a_mismatch(
    monkeypatch: pytest.MonkeyPatch, clock: str, cheat: str
) -> None:
    if cheat == "shape" and "graph" in clock:
        pytest.skip("the memory that a graph writes to has the shape that was captured")
    found = outcomes(monkeypatch, clock, cheat=CHEATS[cheat], honest=honest)
    assert isinstance(found["cheat"], Mismatch), found["cheat"]
    assert isinstance(found["honest"], Measured)


@pytest.mark.parametrize("clock", CLOCKS)
def test_memory_of_a_graph_may_be_written_again(monkeypatch: pytest.MonkeyPatch, clock: str) -> None:
    """A graph's output is where it was captured, so on a device fresh memory is not asked for."""

    def into_one_block(x: torch.Tensor) -> Callable[[], torch.Tensor]:
        block = torch.empty_like(x)
        return lambda: torch.mul(x, 3, out=block)

    assert isinstance(outcomes(monkeypatch, clock, a=into_one_block)["a"], Measured)
