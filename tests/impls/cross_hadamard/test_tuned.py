"""The backend that tries the others: it launches the quickest, and its record says what was tried."""

from __future__ import annotations

import pytest
import torch

from impls.cross_hadamard.backends import tuned
from opbench import Axes, Backend, Figured, Point, catalog
from opbench.errors import MachineError
from opbench.planning.plan import by_name_only, plan
from opbench.vocabulary.sweep import Grid, Sweep

AXES = {"batch": 1, "channels": 5, "edge": 7, "selected": 0}


def point(operator: str = "cross_hadamard", mode: str = "forward") -> Point:
    return Point(operator, catalog.operator(operator).complete(Axes(AXES)), mode=mode)


def prepared(at: Point) -> Figured:
    found = tuned.prepare(at, catalog.operator(at.operator).inputs(at), None, "")
    assert isinstance(found, Figured)
    return found


@pytest.fixture
def times(monkeypatch: pytest.MonkeyPatch) -> dict[str, float]:
    """Seconds to find for some candidates; every other one takes a second."""
    known: dict[str, float] = {}
    monkeypatch.setattr(tuned, "_timed", lambda _, ready: {name: known.get(name, 1.0) for name in ready})
    return known


@pytest.mark.compiler
def test_every_schedule_of_every_backend_that_runs_here_is_tried(times: dict[str, float]) -> None:
    tried = [one.configuration for one in prepared(point()).trials]
    schedules = [f"cpp_ext:{name}" for name in ("direct", "balanced", "blocked", "flat")]
    assert sorted(tried) == sorted([*schedules, "torch_eager", "torch_select"])


@pytest.mark.parametrize("best", ["torch_eager", "torch_select"])
def test_the_quickest_is_launched(best: str, times: dict[str, float], monkeypatch: pytest.MonkeyPatch) -> None:
    times[best] = 0.5
    actual = prepared(point())
    assert {one.configuration: one.seconds for one in actual.trials}[best] == 0.5
    assert actual.call.keywords["backend"] == best  # type: ignore[attr-defined]  # a partial of the public function


def test_one_that_fails_is_kept_with_its_reason_and_costs_nothing_else(
    times: dict[str, float], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(name: str) -> object:
        def prepare(*_: object) -> object:
            if name == "torch_eager":
                raise RuntimeError("too many resources requested\nfor launch")
            return lambda: torch.zeros(1)

        return prepare

    monkeypatch.setattr(tuned, "launch_of", broken)
    (failed,) = (one for one in prepared(point()).trials if one.seconds is None)
    assert (failed.configuration, failed.reason) == ("torch_eager", "RuntimeError: too many resources requested")


def test_where_nothing_runs_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tuned, "usable", lambda _: ())
    with pytest.raises(MachineError, match="nothing runs here"):
        prepared(point())


def test_a_sweep_measures_it_only_where_it_is_named() -> None:
    assert "tuned" in by_name_only("cross_hadamard")
    asked = {
        named: {case.backend for task in plan(sweep(named), "cpu", "wall") for case in task.cases}
        for named in ((), ("tuned",))
    }
    assert "tuned" not in asked[()]
    assert asked["tuned",] == {"tuned"}


def sweep(backends: tuple[str, ...]) -> Sweep:
    return Sweep("?", (Grid(("cross_hadamard",), {"channels": (5,)}, backends=backends),))


def test_it_is_a_backend_like_the_others() -> None:
    assert isinstance(catalog.backend("cross_hadamard", "tuned"), Backend)


@pytest.mark.parametrize("mode", ["forward", "backward"])
def test_what_it_launches_is_right(mode: str) -> None:
    from opbench.measure.compare import compare

    at = point(mode=mode)
    operator = catalog.operator("cross_hadamard")
    inputs = operator.inputs(at)
    launch = tuned.prepare(at, inputs, None, "")
    assert compare(launch(), operator.reference(at, inputs), operator.tolerance(at), torch.float32).passed
