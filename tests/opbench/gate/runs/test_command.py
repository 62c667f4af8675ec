"""The command on a repository of its own: one run in which head differs from base in every way there is."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from opbench.commands.app import main
from opbench.history.files import read
from tests.repositories import commit, git, isolated_git, registered

ROOT = Path(__file__).parents[4]

COMMON = """
import os, sys, time
import pytest

def work(units):
    time.spend(units)
    return sum(range(units))

def test_same(benchmark):
    assert benchmark(work, 10) == work(10)

@pytest.mark.parametrize("units", [10])
def test_parametrised(benchmark, units):
    benchmark(work, units)

def test_slower(benchmark):
    benchmark(work, SLOWER)

def test_faster(benchmark):
    benchmark(work, FASTER)

def test_wrong(benchmark):
    assert benchmark(work, 10) == RIGHT

def test_crashing(benchmark):
    benchmark(lambda: HEAD and os._exit(3))

def test_skipped(benchmark):
    if HEAD:
        pytest.skip("no such machine")
    benchmark(work, 10)

def test_empty(benchmark):
    if not HEAD:
        benchmark(work, 10)

def test_with_setup(benchmark):
    benchmark.pedantic(work, setup=lambda: ((10,), {}), rounds=3)
"""

BASE = f"""{COMMON}
HEAD, RIGHT, SLOWER, FASTER = False, work(10), 10, 40

def test_deleted_entirely(benchmark):
    benchmark(work, 7)

def test_old_name(benchmark):
    benchmark(work, 11)

def test_changed(benchmark):
    benchmark(work, 12)
"""

HEAD = f"""{COMMON}
HEAD, RIGHT, SLOWER, FASTER = True, 0, 40, 10

def test_brought_in(benchmark):
    benchmark(work, 8)

def test_new_name(benchmark):
    benchmark(work, 11)

def test_changed(benchmark):
    benchmark(work, 13)
"""

FILE = "bench/test_it.py"

EXPECTED = {
    "test_same": "pass",
    "test_parametrised[10]": "pass",
    "test_with_setup": "pass",
    "test_slower": "regression",
    "test_faster": "faster",
    "test_wrong": "crashed",
    "test_crashing": "crashed",
    "test_skipped": "skipped",
    "test_empty": "empty",
    "test_deleted_entirely": "deleted",
    "test_brought_in": "new",
    "test_new_name": "renamed",
    "test_changed": "changed",
}


CLOCK = """
import os
import time

spent_s = 0.0

def spend(units):
    global spent_s
    spent_s += 1e-5 * units * (1 + 0.001 * (os.getpid() % 7))

def perf_counter():
    return spent_s

time.spend, time.perf_counter = spend, perf_counter
"""
"""The performance counter of every process: only work moves it, 10 us a unit, and by up to 0.6 % more in some."""


@dataclass(frozen=True)
class Ran:
    """One run of the command: its exit code, verdicts with reasons by test, its last line, where its files are, the
    history that got its rows, what it said.
    """

    code: int
    lines: Mapping[str, Mapping[str, Any]]
    end: Mapping[str, Any]
    repository: Path
    folder: Path
    left: list[psutil.Process]
    history: Path
    stderr: str


def typed(repository: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Without the plugins of pytest that happen to be installed, whose imports are half of what a worker takes; the
    workers that `typed_here` starts, and those of tests/opbench/gate/pool, have them.
    """
    command = [sys.executable, "-m", "opbench", "gate", *words]
    clock = f"{repository.parent / 'clock'}:{ROOT}"
    environment = os.environ | {"PYTHONPATH": clock, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    return subprocess.run(command, cwd=repository, env=environment, capture_output=True, text=True, check=False)


Typed = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def typed_here(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Typed:
    """The same inside this process, for what is refused before it is measured: 0.4 s of imports less for each."""

    def typed(repository: Path, *words: str) -> subprocess.CompletedProcess[str]:
        monkeypatch.setattr(sys, "argv", ["opbench", "gate", *words])
        monkeypatch.setenv("PYTHONPATH", f"{repository.parent / 'clock'}:{ROOT}")
        monkeypatch.chdir(repository)
        with pytest.raises(SystemExit) as ended:
            main()
        assert isinstance(ended.value.code, int)
        return subprocess.CompletedProcess(words, ended.value.code, *capsys.readouterr())

    return typed


@pytest.fixture(scope="module", autouse=True)
def isolated() -> Iterator[None]:
    with isolated_git():
        yield


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory, isolated: None) -> Path:
    """Two commits, HEAD~1 and HEAD, of one file of benchmarks that need nothing but the standard library."""
    folder = tmp_path_factory.mktemp("gated") / "repository"
    (folder / "bench").mkdir(parents=True)
    (folder.parent / "clock").mkdir()
    (folder.parent / "clock" / "sitecustomize.py").write_text(CLOCK)
    git(folder, "init", "-q")
    for text in (BASE, HEAD):
        commit(folder, FILE, text)
    return folder


@pytest.fixture(scope="module")
def ran(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    results = tmp_path_factory.mktemp("results")
    kept = ("--history", str(results / "history"), "--machine", "box")
    words = ("bench", "--base", "HEAD~1", "--tolerance", "40%", "--results", str(results), *kept)
    run = typed(repository, "--json", *words)
    *lines, end = map(json.loads, run.stdout.splitlines())
    (folder,) = (results / "gate").iterdir()
    left = [process for process in psutil.process_iter() if "worker/bootstrap.py" in " ".join(_command(process))]
    by_name = {_short(line["benchmark"]): line for line in lines}
    return Ran(run.returncode, by_name, end, repository, folder, left, results / "history", run.stderr)


def _short(benchmark: str) -> str:
    return benchmark.rpartition("::")[2]


def _command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline() if process.ppid() == 1 else []
    except psutil.Error:
        return []


def test_every_benchmark_of_either_side_has_a_verdict_and_it_is_the_right_one(ran: Ran) -> None:
    assert {name: line["verdict"] for name, line in ran.lines.items()} == EXPECTED


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("test_wrong", "assert"),
        ("test_crashing", "exited with code 3"),
        ("test_skipped", "no such machine"),
        ("test_empty", "without having called benchmark"),
        ("test_new_name", "test_old_name"),
        ("test_slower", "fresh workers confirm it"),
    ],
)
def test_the_reason_names_what_happened(ran: Ran, name: str, says: str) -> None:
    assert says in ran.lines[name]["reason"]


def test_a_confirmed_regression_is_exit_code_1_whatever_else_there_is(ran: Ran) -> None:
    assert ran.code == ran.end["exit_code"] == 1


def test_every_compared_line_has_its_numbers(ran: Ran) -> None:
    for name in ("test_same", "test_parametrised[10]", "test_with_setup", "test_slower", "test_faster"):
        comparison = ran.lines[name]["found"]
        assert comparison["low"] <= comparison["ratio"] <= comparison["high"]
        assert 0 < comparison["p"] <= 1
        assert comparison["detectable"] > 0.4
        assert comparison["workers"] >= 6
        assert ran.lines[name]["seconds"] > 0


def test_the_last_line_says_where_the_time_went_and_counts_what_it_went_into(ran: Ran) -> None:
    phases = ran.end["phases"]
    assert {"checkouts", "dry run", "deciding", "screen: starting", "screen: set-ups", "confirm: ending"} <= set(phases)
    assert all(phase["seconds"] >= 0 for phase in phases.values())
    for stage in ("screen", "confirm"):
        slices = [
            one
            for side in ("base", "head")
            for benchmark in json.loads((ran.folder / f"{side}.json").read_text())["benchmarks"]
            for one in benchmark["extra_info"]["opbench"]["slices"]["stage"]
            if one == stage
        ]
        assert phases[f"{stage}: slices"]["count"] == len(slices)


def test_no_worktree_and_no_process_is_left(ran: Ran) -> None:
    assert registered(ran.repository) == [str(ran.repository)]
    assert ran.left == []


def test_the_summary_and_its_figure_name_every_benchmark(ran: Ran) -> None:
    summary = (ran.folder / "summary.md").read_text()
    figure = (ran.folder / "workers.svg").read_text()
    assert summary.startswith("## Latency gate: FAILED, 1 confirmed regression")
    for name in EXPECTED:
        assert name in summary
    assert "<svg" in figure


def test_the_stored_files_judged_again_say_the_same(ran: Ran) -> None:
    files = ("--base-json", str(ran.folder / "base.json"), "--head-json", str(ran.folder / "head.json"))
    run = typed(ran.repository, "--json", *files, "--tolerance", "40%")
    again = {_short(line["benchmark"]): line["verdict"] for line in map(json.loads, run.stdout.splitlines()[:-1])}
    compared = {name for name, verdict in EXPECTED.items() if verdict in {"pass", "faster", "regression"}}
    assert {name: again[name] for name in compared} == {name: EXPECTED[name] for name in compared}
    assert run.returncode == 1


def test_a_history_gets_a_row_for_each_worker_of_both_commits_at_once(ran: Ran) -> None:
    (path,) = ran.history.iterdir()
    assert f"history: {path}: " in ran.stderr
    rows = read(ran.history).table.to_pylist()
    same = [row for row in rows if row["case"].endswith("::test_same")]
    commits = git(ran.repository, "rev-list", "HEAD", "-2").split()
    assert {row["commit"] for row in same} == set(commits)
    assert len({row["process"] for row in same}) == len(same) == 2 * ran.lines["test_same"]["found"]["workers"]
    assert {row["machine"].partition("@")[0] for row in rows} == {"box"}
    assert all(row["commit_time"] and row["source"] == "gate" and not row["dirty"] for row in rows)
    assert same[0]["median_s"] == pytest.approx(1e-4, rel=0.01)


def test_other_tools_can_read_the_files(ran: Ran) -> None:
    content = json.loads((ran.folder / "head.json").read_text())
    assert {"machine_info", "commit_info", "benchmarks", "datetime", "version"} <= content.keys()
    for entry in content["benchmarks"]:
        assert {"name", "fullname", "group", "params", "stats", "extra_info"} <= entry.keys()
        assert len(entry["stats"]["data"]) == entry["stats"]["rounds"] > 0
        assert entry["stats"]["min"] <= entry["stats"]["median"] <= entry["stats"]["max"]


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        ((), 2, "nothing to compare with"),
        (("--base", "nowhere"), 2, "nowhere"),
        (("--base", "HEAD~1", "--tolerance", "3"), 2, "below 100 %"),
        (("--base", "HEAD~1", "--allow", "everything"), 2, "no verdict to allow 'everything'"),
        (("--base", "HEAD~1", "--calibrate"), 2, "three ways"),
        (("--calibrate", "--history", "history"), 2, "--history takes what --base measures"),
        (("--calibrate", "--case", "a/b"), 2, "--case goes with --base"),
        (("--base", "HEAD~1", "--case", "a/b"), 2, "'a/b' is the key of no case"),
        (("--base", "HEAD~1", "--history", "history", "--machine", "a/b"), 2, "--machine 'a/b'"),
        (("--base", "HEAD~1", "--device", "tpu"), 2, "no device 'tpu'"),
        (("elsewhere", "--base", "HEAD~1"), 2, "elsewhere"),
        (("bench", "--base", "HEAD~1", "-k", "nothing"), 2, "matches -k 'nothing'"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_code_2(
    repository: Path, typed_here: Typed, words: tuple[str, ...], code: int, says: str
) -> None:
    run = typed_here(repository, *words)
    assert run.returncode == code, run.stderr
    assert says in run.stderr.splitlines()[-1]
    assert "Traceback" not in run.stderr


def test_a_head_that_cannot_be_imported_is_exit_code_3(repository: Path, typed_here: Typed) -> None:
    """Nobody can vouch for it; the request is right."""
    git(repository, "checkout", "-q", "-b", "broken")
    commit(repository, FILE, f"import nowhere\n{HEAD}")
    git(repository, "checkout", "-q", "-")
    run = typed_here(repository, "bench", "--base", "HEAD", "--head", "broken")
    assert run.returncode == 3, run.stderr
    assert "head cannot be collected: bench/test_it.py: ModuleNotFoundError" in run.stderr.splitlines()[-1]


def test_uncommitted_changes_are_refused(repository: Path, typed_here: Typed) -> None:
    changed = repository / FILE
    text = changed.read_text()
    changed.write_text(f"{text}\n")
    try:
        run = typed_here(repository, "bench", "--base", "HEAD~1")
    finally:
        changed.write_text(text)
    assert run.returncode == 2
    assert "commit" in run.stderr


def test_outside_of_a_repository_it_says_so(tmp_path: Path, typed_here: Typed) -> None:
    run = typed_here(tmp_path, "bench", "--base", "HEAD~1")
    assert run.returncode == 2
    assert "git" in run.stderr
