"""The loop's decisions, with measuring processes that answer from a script."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from opbench.cli.progress import Reporter
from opbench.planning.plan import Task
from opbench.process.measuring_process import Death
from opbench.running.runner import Runner
from opbench.store.codec import outcome_to_json
from opbench.store.runs import Run
from opbench.vocabulary.case import Axes, Case, Point
from opbench.vocabulary.record import Check, Failed, Measured, Outcome, Unavailable
from opbench.vocabulary.settings import Settings

POINT = Point("op", Axes({"n": 1}))
PASSED = Check(True, 9, 0, 0.0, 0.0, 0.0, 0.0)
GOOD = Measured(PASSED, (1e-3,), 1, "target", prepare_s=1.0, warmup_calls=1, warmup_s=2.0, sampling_s=3.0)
Script = list[dict[str, Outcome] | Death]


class Scripted:
    """Plays the next entry of a shared script: outcomes to answer with, or a death."""

    started = 0
    asked: list[list[str]]

    def __init__(self, script: Script) -> None:
        self.script = script
        self.asked = []

    def __call__(self, _log: object) -> Scripted:
        self.started += 1
        return self

    def hello(self, _device: str, _threads: int) -> dict[str, Any]:
        return {"threads": 1}

    def measure(self, request: dict[str, Any], *_: object) -> dict[str, Any]:
        self.asked.append([backend for backend, _ in request["cases"]])
        entry = self.script.pop(0)
        if isinstance(entry, Death):
            raise entry
        return {"outcomes": {label: outcome_to_json(one) for label, one in entry.items()}, "sizes": {"p": 3}}

    def close(self) -> None:
        return None


def go(
    script: Script, monkeypatch: pytest.MonkeyPatch, folder: Path, device: str = "cpu", skip: str | None = None
) -> tuple[Scripted, dict[str, Outcome]]:
    process = Scripted(script)
    monkeypatch.setattr("opbench.running.runner.MeasuringProcess", process)
    run = Run(folder)
    task = Task(POINT, tuple(Case(POINT, name) for name in ("a", "b", "c")), skip)
    Runner(run, device, Settings(), Reporter()).go([task])
    return process, {record.case.label: record.outcome for record in run.records()}


def test_who_hangs_costs_itself_and_the_others_are_asked_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    script: Script = [Death("sampling", "b", "hung: no progress", hung=True), {"a": GOOD, "c": GOOD}]
    process, found = go(script, monkeypatch, tmp_path)
    assert found == {"a": GOOD, "b": Failed("sampling", "hung: no progress"), "c": GOOD}
    assert process.asked == [["a", "b", "c"], ["a", "c"]]
    assert process.started == 2


def test_who_kills_the_process_in_a_rivals_turn_is_the_one_that_failed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Each is asked for in a process of its own then, and whose process dies is known."""
    killed = Death("sampling", "b", "killed")
    script: Script = [killed, {"a": GOOD}, {"b": GOOD}, Death("check", "c", "killed")]
    process, found = go(script, monkeypatch, tmp_path)
    assert found == {"a": GOOD, "b": GOOD, "c": Failed("check", "killed")}
    assert process.asked == [["a", "b", "c"], ["a"], ["b"], ["c"]]
    assert process.started == 4


def test_what_is_not_known_of_the_machine_is_said_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("OPBENCH_CACHE", str(tmp_path / "cache"))
    notes: list[str] = []
    monkeypatch.setattr(Reporter, "note", lambda _, text: notes.append(text))
    script: Script = [Death("sampling", "b", "hung: no progress", hung=True), {"a": GOOD, "c": GOOD}]
    process, _ = go(script, monkeypatch, tmp_path)
    assert process.started == 2
    assert sum("opbench ceilings" in note for note in notes) == 1


def test_a_death_while_time_is_split_costs_no_latency(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    script: Script = [Death("split", "b", "killed"), {"a": GOOD, "b": GOOD, "c": GOOD}]
    process, found = go(script, monkeypatch, tmp_path)
    assert found == dict.fromkeys("abc", GOOD)
    assert process.asked == [["a", "b", "c"]] * 2


def test_a_death_without_a_culprit_ends_the_point(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    process, found = go([Death("inputs", "", "killed")] * 2, monkeypatch, tmp_path)
    assert found == dict.fromkeys("abc", Failed("inputs", "killed"))
    assert process.asked == [["a", "b", "c"], ["a"]]


def test_a_process_killed_from_outside_costs_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    script: Script = [Death("reference", "", "killed"), {"a": GOOD}, {"b": GOOD}, {"c": GOOD}]
    _, found = go(script, monkeypatch, tmp_path)
    assert found == dict.fromkeys("abc", GOOD)


def test_on_a_gpu_only_the_first_failure_is_believed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    poisoned = Failed("check", "illegal address")
    gone = Unavailable("no compiler")
    script: Script = [{"a": poisoned, "b": poisoned, "c": gone}, {"b": GOOD}]
    process, found = go(script, monkeypatch, tmp_path, device="cuda")
    assert found == {"a": poisoned, "b": GOOD, "c": gone}
    assert process.started == 2


def test_on_a_cpu_failures_are_believed_as_they_come(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    script: Script = [{"a": Failed("check", "x"), "b": Failed("check", "y"), "c": GOOD}]
    process, found = go(script, monkeypatch, tmp_path)
    assert (process.started, len(found)) == (1, 3)


def test_a_skipped_point_is_recorded_and_not_asked_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    process, found = go([], monkeypatch, tmp_path, skip="too large")
    assert found == dict.fromkeys("abc", Unavailable("skipped: too large"))
    assert process.asked == []
