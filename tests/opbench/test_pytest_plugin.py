"""The pytest plugin, by runs of pytest within this process: what a test is told, what is written, what it costs."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch

from opbench import Measured, Mismatch, pytest_plugin
from opbench.gate.worker.collection import OPTIONS_OF_OURS
from opbench.store import lock
from opbench.store.runs import latest_run

ROOT = Path(__file__).parents[2]

USUAL = ("-p", "no:opbench", "-p", "opbench.pytest_plugin", "-p", "no:cacheprovider", "-p", "no:randomly", "-rA")
"""By its module's name: here it may be installed under its entry point's, or not at all."""

BEGIN = """
import torch

def random(rows):
    return torch.randn(rows, 5)

def clamped(x):
    return x.clamp(min=0)
"""

RIGHT = """
def test_right(opbench):
    result = opbench.compare({"relu": torch.relu, "clamped": clamped}, inputs=random, axes={"rows": [0, 3]})
    assert len(result) == 4
"""

WRONG = """
def test_wrong(opbench):
    opbench.compare({"relu": torch.relu, "neg": torch.neg}, inputs=random, axes={"rows": [3]}, budget=0.002)
"""


@dataclass
class Ran:
    code: int
    text: str
    folder: Path

    def __contains__(self, text: str) -> bool:
        return text in self.text


Run = Callable[..., Ran]


@pytest.fixture
def run(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    pytestconfig: pytest.Config,
) -> Run:
    """pytest over a file of these tests, with these options."""
    if pytestconfig.getoption("--quick"):
        pytest.skip("--quick: comparisons start processes")  # here: within the inner run it would skip the inner test

    def go(tests: str, *options: str) -> Ran:
        monkeypatch.chdir(tmp_path)
        monkeypatch.delitem(sys.modules, "test_it", raising=False)  # of the run before
        monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
        (tmp_path / "pytest.ini").write_text("[pytest]\n")
        (tmp_path / "test_it.py").write_text(BEGIN + tests)
        words = [str(tmp_path), *USUAL, "-p", "no:xdist", "-s", "-W", "default", "--import-mode=importlib", *options]
        code = pytest.main(words)
        return Ran(int(code), capsys.readouterr().out, tmp_path)

    return go


def test_the_right_pass_the_wrong_fail_with_their_first_wrong_element_and_all_is_a_run_that_is_named(run: Run) -> None:
    ran = run(RIGHT + WRONG, "--opbench-results", "elsewhere/deep", "--opbench-budget", "0.002")
    assert ran.code == pytest.ExitCode.TESTS_FAILED
    assert "1 failed, 1 passed" in ran
    assert "Failed: opbench: neg (rows=3, float32): MISMATCH: 15 of 15 elements; first at (0, 0): got " in ran
    assert "comparison.py" not in ran
    kept = latest_run(ran.folder / "elsewhere" / "deep", "pytest")
    fates = {
        (record.case.point.operator, record.case.label, record.case.point.axes["rows"]): type(record.outcome)
        for record in kept.records()
    }
    right = {("test_it.test_right", name, rows): Measured for name in ("relu", "clamped") for rows in (0, 3)}
    wrong = {("test_it.test_wrong", "relu", 3): Measured, ("test_it.test_wrong", "neg", 3): Mismatch}
    assert fates == right | wrong
    assert f"records: {kept.folder}" in ran
    assert "5 of 6 cases measured" in ran
    assert "measured in this process" not in ran


def test_with_nothing_to_time_the_wrong_still_fails_and_nothing_is_written(run: Run) -> None:
    ran = run(RIGHT + WRONG + "def test_off(opbench):\n    assert not opbench.enabled\n", "--opbench-disable")
    assert ran.code == pytest.ExitCode.TESTS_FAILED
    assert "1 failed, 2 passed" in ran
    assert "6 cases checked and not timed (--opbench-disable), 1 wrong" in ran
    assert not (ran.folder / "results").exists()


ODD = """
def test_without_a_gpu(opbench):
    opbench.compare([torch.relu], inputs=random, axes={"rows": [3]}, device="cuda")

def test_in_part(opbench):
    def lacking(x):
        raise ModuleNotFoundError("No module named 'nowhere'", name="nowhere")
    opbench.compare({"relu": torch.relu, "lacking": lacking}, inputs=random, axes={"rows": [3]}, budget=0.002)

def test_misused(opbench):
    opbench.compare([torch.relu], inputs=random, axes={"rows": []})
"""


def test_what_cannot_be_measured_is_skipped_or_warned_of_and_what_is_asked_wrongly_fails(run: Run) -> None:
    ran = run(ODD, "--opbench-disable")
    assert torch.cuda.is_available() or "sees no CUDA device" in ran
    assert "NotMeasuredWarning: opbench: not measured: lacking (rows=3, float32): unavailable: nowhere is not" in ran
    assert "Failed: opbench: axis 'rows' has no values" in ran


def test_the_test_that_the_documents_show_passes(run: Run) -> None:
    page = (ROOT / "docs" / "notebooks_and_pytest.md").read_text(encoding="utf-8")
    (shown,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    ran = run(shown, "--opbench-disable")
    assert ran.code == 0
    assert "6 cases checked and not timed" in ran


def test_a_device_that_another_measures_on_is_waited_for(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "WAIT_S", 0.0)
    with lock.exclusive("cpu", print):
        ran = run(RIGHT)
    assert "1 skipped" in ran
    assert "measuring on cpu since" in ran


def test_a_suite_of_benchmarks_is_as_it_was_and_nothing_is_written(run: Run) -> None:
    ran = run("def test_sum(benchmark):\n    assert benchmark(sum, [1, 2]) == 3\n", "--benchmark-disable")
    assert ran.code == 0
    assert "= opbench =" not in ran
    assert not (ran.folder / "results").exists()


def test_results_that_are_a_file_are_refused_before_any_test(run: Run, tmp_path: Path) -> None:
    (tmp_path / "results").write_text("")
    assert run(RIGHT).code == pytest.ExitCode.USAGE_ERROR


STUBBED = """
import sys
from contextlib import nullcontext
from types import ModuleType, SimpleNamespace

from opbench import Axes, Case, Check, Measured, Point, Record

def compare(implementations, inputs, axes, *, name, **given):
    samples = Measured(Check(True, 3, 0, 0.0, 0.0, 0.0, 0.0), (1e-5,) * 7, 1, "target", 0.0, 1, 0.0, 0.0)
    record = Record(Case(Point(name, Axes({"rows": 3})), "mine"), samples, {}, "abc", "now")
    class Found(list):
        records, notes = (record,), ()
    return Found([record])

for module, given in {"comparison": {"compare": compare}, "pickling": {"by_value": nullcontext}}.items():
    stub = sys.modules[f"opbench.custom.{module}"] = ModuleType(module)
    vars(stub).update(given)
"""
"""Comparisons that take no time and no PyTorch: what is tested is how their records travel."""

DISTRIBUTED = """
import pytest

class TestThese:
    @pytest.mark.parametrize("name", ["a", "b"])
    def test_one(self, opbench, name):
        opbench.compare([], None)
        opbench.compare([], None)
"""


def test_records_of_several_processes_are_one_run_and_each_comparison_has_a_name_of_its_own(tmp_path: Path) -> None:
    pytest.importorskip("xdist")
    (tmp_path / "conftest.py").write_text(STUBBED)
    (tmp_path / "folder").mkdir()
    for place in ("test_it.py", "folder/test_other.py"):
        (tmp_path / place).write_text(DISTRIBUTED)
    words = [sys.executable, "-m", "pytest", *USUAL, "-n", "2"]
    environment = {"PYTHONPATH": str(ROOT)}
    ended = subprocess.run(words, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    records = latest_run(tmp_path / "results", "pytest").records()
    assert sorted(record.case.point.operator for record in records) == [
        *(f"folder.test_other.TestThese.test_one-{name}" for name in ("a", "a-2", "b", "b-2")),
        *(f"test_it.TestThese.test_one-{name}" for name in ("a", "a-2", "b", "b-2")),
    ]
    assert "8 of 8 cases measured" in ended.stdout


def test_importing_it_imports_nothing_that_pytest_has_not() -> None:
    code = "import pytest, sys; had = set(sys.modules); import opbench.pytest_plugin; print(*(set(sys.modules) - had))"
    ended = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert set(ended.stdout.split()) == {"opbench", "opbench.pytest_plugin"}


def test_the_gate_knows_its_options_so_that_a_projects_ini_file_may_have_them() -> None:
    added: dict[str, Any] = {}

    class Group:
        def addoption(self, name: str, **given: Any) -> None:
            added[name] = given.get("action", "store")

    class Parser:
        def getgroup(self, *_: str) -> Group:
            return Group()

    pytest_plugin.pytest_addoption(Parser())  # type: ignore[arg-type]  # as much of pytest's as it asks
    assert added == OPTIONS_OF_OURS
