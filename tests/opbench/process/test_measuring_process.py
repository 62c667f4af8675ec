"""A backend that hangs or kills its process costs its own record, nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import TextIO

import pytest

import opbench
from opbench.cli.progress import Reporter
from opbench.errors import MachineError
from opbench.planning.plan import plan
from opbench.process.measuring_process import MeasuringProcess, pinned_environment
from opbench.running.runner import Runner
from opbench.store.runs import Run, new_run
from opbench.vocabulary.record import Failed, Measured, Record
from opbench.vocabulary.settings import Settings
from opbench.vocabulary.sweep import Grid, Sweep

SETTINGS = Settings(budget_s=0.01, time_limit_s=3600.0, count=False, threads=1)
"""Only what hangs meets the limit."""


class Hurried(MeasuringProcess):
    """Its clock is beyond the limit once the backend that never returns is being checked: no other can be late."""

    def __init__(self, log: TextIO | None = None) -> None:
        super().__init__(log, self._ahead)

    def _ahead(self) -> float:
        at = self._marker.get()
        hangs = (at.phase, at.label) == ("check", "hangs")
        return time.monotonic() + 2 * SETTINGS.time_limit_s * hangs


def ask(*backends: str, sizes: tuple[int, ...] = (7,)) -> Sweep:
    return Sweep("who lies?", (Grid(("liar",), {"size": sizes}, backends=backends),))


def results_of(folder: Path, sweep: Sweep) -> tuple[Run, dict[str, Record]]:
    run = new_run(folder, "lies", datetime(2026, 1, 1, 12, 0, 0))  # noqa: DTZ001  (a name, not a moment)
    Runner(run, "cpu", SETTINGS, Reporter()).go(plan(sweep, "cpu", "wall"))
    return run, {record.case.label: record for record in run.records()}


def test_the_dead_and_the_hung_are_recorded_and_the_rest_is_measured(
    liar: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("opbench.running.runner.MeasuringProcess", Hurried)
    _, found = results_of(tmp_path, ask("dies", "forks", "hangs", "honest"))
    assert {label: type(record.outcome) for label, record in found.items()} == {
        "dies": Failed,
        "forks": Failed,
        "hangs": Failed,
        "honest": Measured,
    }
    assert "SIGKILL" in str(found["dies"].outcome)
    assert "SIGKILL" in str(found["forks"].outcome)  # which left children behind that hold its pipes open
    assert found["hangs"].outcome == Failed("check", "hung: no progress in 3600 s (--time-limit)")


def test_who_writes_to_the_answers_is_recorded_and_the_rest_is_measured(liar: str, tmp_path: Path) -> None:
    _, found = results_of(tmp_path, ask("forges", "honest", "scribbles"))
    reasons = {label: record.outcome.reason for label, record in found.items() if isinstance(record.outcome, Failed)}
    assert reasons.keys() == {"forges", "scribbles"}
    assert "answered what was not asked" in reasons["forges"]
    assert "wrote 'warming up ...' to the pipe to its parent" in reasons["scribbles"]
    assert isinstance(found["honest"].outcome, Measured)


def test_replicas_and_resume_give_each_case_exactly_one_record_with_its_environment(liar: str, tmp_path: Path) -> None:
    sweep = ask("honest", "honest", sizes=(5, 7))
    run, _ = results_of(tmp_path, sweep)
    lines = run.records_file.read_text().splitlines(keepends=True)
    run.records_file.write_text("".join(lines[:3]) + lines[3][:50])
    Runner(run, "cpu", SETTINGS, Reporter()).go(plan(sweep, "cpu", "wall"))
    assert len({record.case.key for record in run.records()}) == len(run.records()) == 4
    for record in run.records():
        assert record.environment["pinned"]["MALLOC_TRIM_THRESHOLD_"] == str(1 << 41)
        assert record.environment["threads"] == 1


def test_a_device_that_is_absent_is_refused_before_anything_is_written(liar: str, tmp_path: Path) -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("there is a GPU on this machine")
    run = new_run(tmp_path, "lies", datetime(2026, 1, 1, 12, 0, 0))  # noqa: DTZ001
    with pytest.raises(MachineError, match="PyTorch sees no CUDA device"):
        Runner(run, "cuda", SETTINGS, Reporter()).go(plan(ask("honest"), "cuda", "cuda_events:warm"))
    assert run.records() == []


def test_the_child_does_not_outlive_its_parent(liar: str, tmp_path: Path) -> None:
    run = new_run(tmp_path, "lies", datetime(2026, 1, 1, 12, 0, 0))  # noqa: DTZ001
    runner = Runner(run, "cpu", SETTINGS, Reporter())
    child = runner._start_process()._child
    runner._end_process()
    assert child.returncode is not None
    with pytest.raises(ProcessLookupError):
        os.killpg(child.pid, 0)


@pytest.mark.parametrize("mine", [True, False])
def test_a_child_whose_parent_has_ended_before_it_began_answers_nothing(mine: bool, tmp_path: Path) -> None:
    """It is another process's child here than the one it was started by."""
    requests, answers = os.pipe(), os.pipe()
    os.write(requests[1], b'{"nonce": "7", "ahead": {}}\n')
    parent = os.getpid() if mine else 1
    words = [
        sys.executable,
        "-m",
        "opbench.measure.worker",
        str(requests[0]),
        str(answers[1]),
        str(tmp_path / "marker"),
    ]
    fds = requests[0], answers[1]
    child = subprocess.Popen([*words, str(parent)], pass_fds=fds, env=pinned_environment(), stderr=subprocess.DEVNULL)
    for fd in (*fds, requests[1]):
        os.close(fd)
    with os.fdopen(answers[0]) as told:
        assert told.read() == ""
    assert (child.wait() == 0) is not mine  # it fails with what was asked, or was not asked


def test_this_opbench_is_what_a_child_imports_wherever_it_is_started(tmp_path: Path) -> None:
    words = [sys.executable, "-c", "import opbench, opbench.errors; print(opbench.__file__)"]
    run = subprocess.run(words, cwd=tmp_path, env=pinned_environment(), capture_output=True, text=True, check=True)
    assert Path(run.stdout.strip()) == Path(opbench.__file__)
    assert pinned_environment()["PYTHONPATH"].split(os.pathsep)[0] == str(Path(opbench.__file__).parents[1])
