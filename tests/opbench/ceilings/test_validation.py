"""A figure above its limit is a suspicion first, and impossible once the ceilings were measured again beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from opbench import catalog
from opbench.ceilings import storage
from opbench.ceilings.estimation import estimate_ceilings
from opbench.ceilings.validation import LimitValidator, likely_causes, raise_ceilings, with_limits
from opbench.cli.progress import Reporter
from opbench.planning.plan import Task
from opbench.process.environment import describe
from opbench.running.runner import Runner
from opbench.store.runs import Run
from opbench.vocabulary.case import Axes, Case, Point
from opbench.vocabulary.limit import Limit
from opbench.vocabulary.record import Measured, Record
from opbench.vocabulary.settings import Settings

from ...cheats.behaving import SCRIPTED
from .ceilings_builders import ENVIRONMENT, MACHINE, flat, record, work

LIMIT_S = 1_000_000 / 20  # of what SUSPECT reads, from memory


def suspect(*samples_s: float) -> Record:
    return record(work(read=1_000_000), *samples_s)


class Again:
    """Answers the second measurement: memory of so many bytes a second. Counts how often it was asked."""

    def __init__(self, bytes_per_s: float) -> None:
        self.rate, self.asked = bytes_per_s, list[str]()

    def __call__(self, task: Task) -> Sequence[Record]:
        self.asked.append(task.point.operator)
        if not task.point.operator.startswith("memory_"):
            return []
        size = {"working_set_bytes": task.point.axes["kib"] << 10}
        return [record(work(read=1000), 1000 / self.rate, operator=task.point.operator, sizes=size)]


def validate(again: Again, *samples_s: float) -> Record:
    (found,) = LimitValidator(MACHINE, ENVIRONMENT, again).validate([suspect(*samples_s)])
    return found


def warnings(found: Record) -> tuple[str, ...]:
    assert isinstance(found.outcome, Measured)
    return found.outcome.warnings


@pytest.mark.parametrize("share", [0.3, 1.0, 1.04])
def test_a_figure_within_its_limit_is_believed_at_once(share: float) -> None:
    again = Again(1.0)
    found = validate(again, LIMIT_S / share)
    assert found.fraction_of_limit == pytest.approx(share)
    assert (again.asked, found.impossible, warnings(found)) == ([], False, ())


def test_a_figure_above_it_is_impossible_where_the_machine_is_no_faster_now() -> None:
    found = validate(Again(21.0), LIMIT_S / 3)
    assert found.impossible
    (told,) = warnings(found)
    assert "impossible" in told
    assert "work is skipped" in told
    assert "DRAM" in told


def test_a_machine_that_is_faster_now_clears_the_suspect_and_raises_its_limit() -> None:
    again = Again(61.0)
    found = validate(again, LIMIT_S / 3)
    assert (found.impossible, warnings(found)) == (False, ())
    assert found.fraction_of_limit == pytest.approx(60 / 61)
    assert "memory_read" in again.asked


def test_what_was_raised_stays_so_for_the_rest_of_the_run() -> None:
    again = Again(61.0)
    validator = LimitValidator(MACHINE, ENVIRONMENT, again)
    validator.validate([suspect(LIMIT_S / 3)])
    asked = len(again.asked)
    validator.validate([suspect(LIMIT_S / 3)])
    assert len(again.asked) == asked


def test_a_second_measurement_that_is_slower_lowers_nothing() -> None:
    fresh = estimate_ceilings(Again(5.0)(Task(Point("memory_read", Axes({"kib": 976})), ())))
    found = raise_ceilings(MACHINE, fresh).bytes_per_s("read", 976 << 10)
    assert found is not None
    assert found.mid > 19
    assert found.low == pytest.approx(5.0)


def test_a_slightly_impossible_figure_is_not_said_to_skip_work() -> None:
    (told,) = warnings(validate(Again(20.0), LIMIT_S / 1.2))
    assert "stayed in a cache" in told
    assert "skipped" not in told


def test_a_backend_that_passes_the_check_and_is_too_quick_is_caught_by_the_limit(
    liar: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The whole way: measured in processes, whose clock says 1 us for a call of one backend and 1 ms for the other."""
    monkeypatch.setenv(SCRIPTED, "1")
    monkeypatch.setenv("OPBENCH_CACHE", str(tmp_path / "cache"))
    fast = {kind: {4096: flat(1e12)} for kind in ("read", "write", "copy")}
    environment = storage.machine_identity(describe("cpu"))
    chains = {"multiply_add": {"float32": flat(1e14)}, "matrix": {"float32": flat(1e14)}}
    storage.keep(
        replace(MACHINE, environment=environment, bandwidth=fast, arithmetic=chains, costs={"call": flat(1e-9)})
    )
    point = Point("liar", catalog.operator("liar").complete({"size": 500_009}))
    run = Run(tmp_path)
    task = Task(point, tuple(Case(point, name) for name in ("too_quick", "honest")))
    monkeypatch.setattr("opbench.ceilings.validation.ceiling_tasks", lambda *_: [])
    Runner(run, "cpu", Settings(budget_s=0.01, count=False), Reporter()).go([task])
    found = {record.case.label: record for record in run.records()}
    assert found["too_quick"].impossible
    assert isinstance(found["too_quick"].outcome, Measured)
    assert not found["honest"].impossible
    assert found["honest"].fraction_of_limit is not None


def test_records_of_before_get_the_limits_of_their_own_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One by one: a run may have been gone on with elsewhere, or after the ceilings were measured."""
    monkeypatch.setenv("OPBENCH_CACHE", str(tmp_path))
    storage.keep(replace(MACHINE, environment=storage.machine_identity(ENVIRONMENT)))
    here = record(work(read=1_000_000), 1.0)
    elsewhere = replace(here, environment={**ENVIRONMENT, "threads": 77})
    (limited,) = with_limits([here])
    assert limited.limit is not None
    doubled = replace(limited, limit=replace(limited.limit, launch_s=2.0))
    found = list(with_limits(iter([elsewhere, here, doubled, here])))
    assert found == [elsewhere, limited, doubled, limited]


def test_ceilings_that_cannot_be_read_cost_only_limits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPBENCH_CACHE", str(tmp_path))
    file = storage.keep(replace(MACHINE, environment=storage.machine_identity(ENVIRONMENT)))
    file.write_text("nothing of the kind")
    here = record(work(read=1_000_000), 1.0)
    assert list(with_limits([here, here])) == [here, here]


@pytest.mark.parametrize(
    ("level", "memory_s", "arithmetic_s", "launch_s", "cause"),
    [
        ("DRAM", 7.0, 1.0, 1.0, "part of the working set stayed in a cache"),
        ("L2", 1.0, 7.0, 1.0, "an algorithm with less arithmetic than Work counts, such as Winograd's"),
        ("L2", 1.0, 1.0, 7.0, "the call returned before its work was done"),
    ],
)
def test_the_likely_causes_are_of_what_the_limit_is_bound_by(
    level: str, memory_s: float, arithmetic_s: float, launch_s: float, cause: str
) -> None:
    limit = Limit(level, memory_s, arithmetic_s, launch_s, 0.0, 7.0, 7.0)
    assert list(likely_causes(limit, 1.1)) == [cause, "Work counts more than the operator needs"]
