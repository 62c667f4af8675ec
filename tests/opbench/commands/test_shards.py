"""A sweep in shards, merged, is the sweep, as it is on several devices; the report of a fleet keeps these apart."""

from __future__ import annotations

import json
import os
import re
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from opbench import catalog
from opbench.commands.merge import run as merge
from opbench.commands.sweep import places
from opbench.commands.sweep import run as sweep
from opbench.planning import plan_file
from opbench.running import runner
from opbench.running.reporting import PAGE, Written, write_report
from opbench.running.workers.places import SeveralDevices
from opbench.store.runs import Run
from tests.answering import Answering

from .typed import Ended, Typing

WORDS = (
    *("sweep", "channels", "--channels", "3,5,17", "--edge", "5", "--batch", "1,2,3", "--operator", "cross_hadamard"),
    *("--backend", "torch_eager,torch_select", "--budget", "0.01", "--device"),
)
CASES = 18


def counted(run: Run, **_: object) -> Written:
    """In place of a report with all its figures, which take seconds: its totals."""
    totals, records = catalog.totals(), run.records()
    for record in records:
        totals.add(record)
    return Written(run.folder / PAGE, records, totals)


class Fleet:
    """Sweeps that answer at once, on whichever machine is said."""

    def __init__(self, patch: pytest.MonkeyPatch, opbench: Typing, results: Path) -> None:
        self._patch, self._opbench, self._results = patch, opbench, results

    def sweep(self, *words: str, machine: str = "Abacus", results: str = "results", **facts: Any) -> Ended:
        answering = Answering(machine, **facts)
        self._patch.setattr(runner, "MeasuringProcess", answering)
        self._patch.setattr(places, "SeveralDevices", partial(SeveralDevices, start=answering))
        return self._opbench(*WORDS, "cpu", *words, "--results", str(self._results / results))

    def merge(self, *runs: Run, words: tuple[str, ...] = ()) -> Ended:
        folders = [str(run.folder) for run in runs]
        return self._opbench("merge", *folders, *words, "--results", str(self._results / "merged"))

    def runs(self, results: str = "results") -> list[Run]:
        return [Run(folder) for folder in sorted((self._results / results / "channels").iterdir())]


@pytest.fixture
def fleet(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Fleet:
    monkeypatch.setenv("OPBENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(sweep, "write_report", counted)
    monkeypatch.setattr(merge, "write_report", counted)
    return Fleet(monkeypatch, Typing(monkeypatch, capsys), tmp_path)


def keys(*runs: Run) -> list[str]:
    return sorted(record.case.key for run in runs for record in run.records())


def test_shards_that_are_merged_are_the_sweep(fleet: Fleet) -> None:
    assert fleet.sweep(results="whole").code == 0
    for shard in ("2/3", "1/3", "3/3"):
        assert fleet.sweep("--shard", shard).code == 0
    shards = fleet.runs()
    plans = [plan_file.read(run) for run in shards]
    assert [str(plan.parts[0].shard) for plan in plans if plan] == ["2/3", "1/3", "3/3"]
    merged = fleet.merge(*shards)
    assert merged.code == 0, merged.stderr
    assert f"\n{CASES} cases on cpu\n" in merged.stdout
    (run,) = fleet.runs("merged")
    assert keys(run) == keys(*shards) == keys(*fleet.runs("whole"))
    assert len(keys(run)) == CASES


def test_a_shard_goes_on_from_its_own_run(fleet: Fleet) -> None:
    for shard in ("1/2", "2/2"):
        assert fleet.sweep("--shard", shard).code == 0
    before = [run.records_file.read_bytes() for run in fleet.runs()]
    lines = before[0].splitlines(keepends=True)
    fleet.runs()[0].records_file.write_bytes(b"".join(lines[:-3]))
    assert fleet.sweep("--shard", "1/2", "--resume").code == 0
    first, second = fleet.runs()
    assert second.records_file.read_bytes() == before[1]
    assert len(first.records()) == len(lines) - 1
    again = fleet.sweep("--shard", "1/2", "--resume", "--channels", "3,5")
    assert again.code == 2
    assert re.search(r"is shard 1/2 of another cut: .*start anew without --resume", again.stderr)
    assert fleet.sweep("--shard", "1/3", "--resume").code == 2
    assert fleet.sweep("--resume").code == 2


def test_a_run_that_went_on_for_other_axes_is_complete_once_it_has_both(fleet: Fleet) -> None:
    assert fleet.sweep().code == 0
    assert fleet.sweep("--resume", "--channels", "3,7").code == 0
    (run,) = fleet.runs()
    assert fleet.merge(run).code == 0
    lines = run.records_file.read_text().splitlines(keepends=True)
    run.records_file.write_text("".join(lines[:-1]))
    refused = fleet.merge(run)
    assert refused.code == 2
    assert "a run of channels is not complete: 1 case, " in refused.stderr


def test_a_missing_shard_is_refused_and_left_out_when_told(fleet: Fleet) -> None:
    for shard in ("1/3", "3/3"):
        assert fleet.sweep("--shard", shard).code == 0
    refused = fleet.merge(*fleet.runs())
    assert refused.code == 2
    assert refused.stderr.startswith("opbench: shard 2/3 of channels is missing: ")
    assert len(refused.stderr.splitlines()) == 1
    merged = fleet.merge(*fleet.runs(), words=("--partial", "--json"))
    assert merged.code == 0
    assert merged.stderr.startswith("left out: shard 2/3 of channels is missing: ")
    told = json.loads(merged.stdout)
    assert sum(told["cases"].values()) == len(keys(*fleet.runs()))
    assert len(told["missing"]) == 1


def test_two_devices_measure_what_one_does(fleet: Fleet) -> None:
    cpus = sorted(os.sched_getaffinity(0))[:2]
    devices = ",".join(f"cpu:{cpu}" for cpu in cpus)
    assert fleet.sweep(results="one").code == 0
    ended = fleet.sweep("--devices", devices, results="two")
    assert ended.code == 0, ended.stderr
    assert f"on {devices.replace(',', ', ')}" in ended.stderr
    (one,), (two,) = fleet.runs("one"), fleet.runs("two")
    assert keys(one) == keys(two)
    assert {record.environment["measured_on"] for record in two.records()} <= set(devices.split(","))


def test_tasks_that_were_left_are_exit_code_3(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SeveralDevices, "measure", lambda *_: [object()])
    assert fleet.sweep("--devices", f"cpu:{min(os.sched_getaffinity(0))}").code == 3


def test_a_fleet_is_told_apart_everywhere_in_one_report(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(merge, "write_report", write_report)
    for machine in ("Abacus", "Babbage"):
        assert fleet.sweep(machine=machine, results=machine).code == 0
    ended = fleet.merge(*fleet.runs("Babbage"), *fleet.runs("Abacus"))
    assert ended.code == 0, ended.stderr
    names = ["cpu (Abacus, 2 threads)", "cpu (Babbage, 2 threads)"]
    assert [line for line in ended.stdout.splitlines() if " cases on " in line] == [
        f"{CASES} cases on {name}" for name in names
    ]
    (run,) = fleet.runs("merged")
    page = (run.folder / "report.html").read_text()
    assert all(page.count(name) > 2 for name in names)
    table = (run.folder / "table.csv").read_text().splitlines()
    assert len(table) == 1 + 2 * CASES
    assert all(sum(name in line for line in table) == CASES for name in names)
    maps = sorted(path.name for path in (run.folder / "figures").glob("winners*"))
    assert len(maps) == 2, maps
    assert "Abacus" in maps[0]
    assert "Babbage" in maps[1]
