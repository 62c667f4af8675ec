"""What a backend changes of its process is its own failure, is put back, and never its rivals' figure."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from importlib import import_module

import pytest
import torch

from opbench import Axes, Case, Check, Failed, Measured, Outcome, Point, catalog
from opbench.measure.point import PointMeasurement
from opbench.measure.process_state import GROWTH_BYTES, SHARED, THREADS, ProcessState, Property
from opbench.vocabulary.settings import Settings

SETTINGS = Settings(budget_s=0.01, count=False, trusting=True)


@pytest.fixture(autouse=True)
def _as_before(liar: str) -> Iterator[None]:
    before = {name: one.read() for name, one in SHARED.items()}
    yield
    for name, one in SHARED.items():
        if one.read() != before[name]:
            one.put_back(before[name])


def outcomes(*backends: str) -> dict[str, Outcome]:
    operator, point = catalog.operator("disturbing"), Point("disturbing", Axes({"size": 7}))
    cases = [Case(point, name) for name in backends]
    return PointMeasurement(point, cases, SETTINGS, lambda *_: None).run(operator, operator.work(point))


@pytest.mark.parametrize(
    ("backend", "what"),
    [
        ("one_processor", "processors"),
        ("more_threads", "threads"),
        ("gradients", "gradients"),
        ("deterministic", "deterministic algorithms"),
        ("flushes", "flushing of subnormal numbers"),
    ],
)
def test_who_changes_the_process_failed_and_its_rival_is_measured_in_it_as_it_was(backend: str, what: str) -> None:
    before = {name: one.read() for name, one in SHARED.items()}
    if what == "processors" and len(before[what] or ()) < 2:
        pytest.skip("this process may use one processor only")
    results = outcomes(backend, "honest")
    failed = results[backend]
    assert isinstance(failed, Failed)
    assert failed.reason.startswith(f"DisturbedError: changed its process for its rivals: {what}: ")
    assert isinstance(results["honest"], Measured)
    assert {name: one.read() for name, one in SHARED.items()} == before


def test_a_change_is_told_with_both_values_and_put_back_once() -> None:
    value = [3]
    state = ProcessState({"number": Property(lambda: value[0], lambda was: value.__setitem__(0, was))}, lambda: 0)
    assert state.changed() == ""
    value[0] = 5
    assert state.changed() == "number: 3 became 5"
    assert value == [3]
    assert state.changed() == ""


def test_what_was_changed_knowingly_is_taken_as_it_is() -> None:
    value = {"one": 3, "other": 3}
    shared = {name: Property(partial(value.get, name), lambda _: None) for name in value}
    state = ProcessState(shared, lambda: 0)
    value |= {"one": 5, "other": 5}
    state.rebase("one")
    assert state.changed() == "other: 3 became 5"


def test_what_we_change_ourselves_may_stay_or_be_put_back_and_nothing_else() -> None:
    """A runtime that binds its threads for a call puts back what it had found, which may be of before."""
    value = {"one": 3, "other": 4}
    shared = {name: Property(partial(value.get, name), lambda _: None) for name in value}
    state = ProcessState(shared, lambda: 0)
    value["one"] = 5
    state.allow("one")
    state.rebase("other")
    for one, told in ((5, ""), (3, ""), (4, "one: 5 became 4")):
        value["one"] = one
        assert state.changed() == told
    value |= {"one": 3, "other": 5}
    state.rebase("one")
    value["one"] = 5
    assert state.changed() == "one: 3 became 5; other: 4 became 5"


@pytest.mark.parametrize(
    ("asked", "now", "told"),
    [(1, 1, ""), (0, 4, ""), (1, 2, "threads: 3 became 2"), (2, 4, "threads: 3 became 4")],
)
def test_as_many_threads_as_a_point_asks_for_are_no_change(
    asked: int, now: int, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asked for none, it is the process's own number, which an earlier point of another had changed."""
    monkeypatch.setattr("opbench.measure.process_state._FIRST", {THREADS: 4})
    value = [3]
    state = ProcessState({THREADS: Property(lambda: value[0], lambda was: value.__setitem__(0, was))}, lambda: 0)
    value[0] = now
    state.heeds(asked)
    assert state.changed() == told
    assert value == [3 if told else now]


def test_a_point_with_an_axis_of_threads_is_measured_by_backends_that_heed_it() -> None:
    """One after another, in a process that has another number of its own."""
    torch.set_num_threads(2)
    for threads in (1, 2, 0, 1):
        operator = catalog.operator("ach_select_expand")
        point = Point(operator.name, operator.complete({"channels": 5, "edge": 3, "selected": 3, "threads": threads}))
        case = Case(point, "torch_eager")
        (found,) = PointMeasurement(point, [case], SETTINGS, lambda *_: None).verify(operator).values()
        assert isinstance(found, Check), found


def test_memory_is_counted_from_warm_up_on_and_for_whose_turn_it_was() -> None:
    resident = [0]
    state = ProcessState({}, lambda: resident[0])
    resident[0] = 7 * GROWTH_BYTES
    state.warm()
    for label, growth in (("leaks", GROWTH_BYTES), ("honest", 1), ("leaks", 1)):
        resident[0] += growth
        state.turn(label)
    assert state.growth_bytes == {"leaks": GROWTH_BYTES + 1, "honest": 1}
    assert state.leaks("leaks") == "memory grew by 64 MiB while it was sampled"
    assert state.leaks("honest") == ""


def test_a_leak_is_a_warning_of_its_record_and_not_of_its_rivals() -> None:
    leaking = import_module("cheats.disturbing.leaks")
    operator, point = catalog.operator("disturbing"), Point("disturbing", Axes({"size": 7}))
    cases = [Case(point, name) for name in ("leaks", "honest")]
    state = ProcessState({}, lambda: GROWTH_BYTES * len(leaking.kept))
    measurement = PointMeasurement(point, cases, SETTINGS, lambda *_: None, state=state)
    results = measurement.run(operator, operator.work(point))
    leaks, honest = results["leaks"], results["honest"]
    assert isinstance(leaks, Measured)
    assert isinstance(honest, Measured)
    assert any("memory grew by" in warning for warning in leaks.warnings)
    assert not any("memory grew by" in warning for warning in honest.warnings)
