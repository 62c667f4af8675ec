"""`benchmark` of a test: what it refuses, as pytest-benchmark does, and what it times where nothing is set up."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from opbench.gate.worker.fixture import BenchmarkFixture, FixtureAlreadyUsed
from opbench.gate.worker.outcome import outcome_of
from opbench.gate.worker.timer import SetupTimer


def fixture() -> tuple[BenchmarkFixture, list[tuple[Any, SetupTimer | None]]]:
    waited: list[tuple[Any, SetupTimer | None]] = []

    def wait(call: Callable[..., object], with_setup: SetupTimer | None = None) -> None:
        waited.append((call, with_setup))

    item = SimpleNamespace(name="test_it", nodeid="t.py::test_it", get_closest_marker=lambda _: None)
    return BenchmarkFixture(item, wait), waited


def test_pedantic_without_a_setup_times_the_call_with_its_arguments() -> None:
    benchmark, waited = fixture()
    assert benchmark.pedantic(divmod, (17, 5), rounds=3) == (3, 2)
    ((call, with_setup),) = waited
    assert with_setup is None
    assert call() == (3, 2)


def test_what_is_torn_down_is_what_the_call_was_given() -> None:
    benchmark, waited = fixture()
    torn: list[object] = []
    assert benchmark.pedantic(divmod, (17, 5), teardown=lambda *given: torn.append(given)) == (3, 2)
    assert torn == [(17, 5)]
    assert waited[0][1] is not None


@pytest.mark.parametrize(
    ("given", "error", "said"),
    [
        ({"setup": lambda: None, "iterations": 2}, ValueError, "more than 1 `iterations` with a `setup`"),
        ({"setup": lambda: ((1,), {}), "args": (1,)}, TypeError, "if `setup` returns the arguments"),
        ({"rounds": 0}, ValueError, "positive int for `rounds`"),
        ({"warmup_rounds": -1}, ValueError, "positive int for `warmup_rounds`"),
        ({"iterations": 1.0}, ValueError, "positive int for `iterations`"),
    ],
)
def test_pedantic_refuses_what_contradicts_itself(given: dict[str, Any], error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        fixture()[0].pedantic(abs, **given)


def test_a_test_calls_it_once_and_nothing_else_of_pytest_benchmark_is_there() -> None:
    benchmark, _ = fixture()
    assert benchmark(abs, -7) == 7
    with pytest.raises(FixtureAlreadyUsed, match=r"used in benchmark\(\.\.\.\) mode"):
        benchmark.pedantic(abs, (1,))
    with pytest.raises(AttributeError, match=r"benchmark\.weave is not there when the gate runs a test; there are"):
        benchmark.weave(abs)


def report(when: str, outcome: str, **more: Any) -> SimpleNamespace:
    return SimpleNamespace(when=when, outcome=outcome, longrepr="", **more)


@pytest.mark.parametrize(
    ("reports", "expected"),
    [
        ([report("setup", "passed"), report("call", "passed")], ("passed", "")),
        ([report("setup", "passed")], ("error", "pytest did not run it")),
        ([report("call", "skipped", wasxfail="known")], ("failed", "expected to fail, and did: known")),
        ([report("call", "passed"), report("teardown", "failed")], ("error", "teardown: it says nothing")),
    ],
)
def test_an_outcome_is_of_all_phases(reports: list[SimpleNamespace], expected: tuple[str, str]) -> None:
    found = outcome_of(reports)
    assert (found["outcome"], found["message"]) == expected
