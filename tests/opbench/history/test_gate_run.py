"""One run of the gate for whoever asks for many: of tests or of cases, at just the commits that were named."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from opbench.errors import MachineError
from opbench.gate.decision.verdict import Judgement, Verdict
from opbench.gate.output.progress import RunProgress
from opbench.gate.pool.dry_run import DryRun
from opbench.gate.runs.artifacts import LiveRun
from opbench.gate.samples import SIDES
from opbench.gate.stats.rule import DEFAULT
from opbench.history.confirming import gate_run
from opbench.history.confirming.question import Measuring, between, question

SKIPPED = Judgement("t.py::t", Verdict.SKIPPED, "no such machine")
CASE = "fill/float32/cpu/forward/wall/kib=1/torch_eager"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """By which way, and with what, commits were compared."""
    found: list[tuple[Any, ...]] = []
    for way in ("compare_tests", "compare_cases"):

        def compare(revisions: Any, *_: Any, way: str = way) -> LiveRun:
            found.append((way, revisions.base, revisions.head, revisions.root))
            return LiveRun([SKIPPED], [], {side: DryRun() for side in SIDES}, DEFAULT)

        monkeypatch.setattr(gate_run, way, compare)
    return found


@pytest.mark.parametrize(("case", "way"), [("t.py::t", "compare_tests"), (CASE, "compare_cases")])
def test_a_run_is_of_the_commits_named_and_leaves_its_files(
    case: str, way: str, asked: list[tuple[Any, ...]], tmp_path: Path
) -> None:
    gate = gate_run.gate_of(Path("root"), RunProgress(None))
    options = between(question([case], Measuring(results=tmp_path)), "0" * 40, "1" * 40, 0.02)
    _, folder = gate(options, DEFAULT)
    assert asked == [(way, "0" * 40, "1" * 40, Path("root"))]
    assert folder.parent == tmp_path / "gate"
    assert {path.name for path in folder.iterdir()} == {"base.json", "head.json", "summary.md", "workers.svg"}


def test_the_summary_is_where_github_shows_it_too_and_a_full_disk_is_one_line(
    asked: list[tuple[Any, ...]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = tmp_path / "page.md"
    page.write_text("before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(page))
    gate = gate_run.gate_of(Path("root"), RunProgress(None))
    options = between(question(["t.py::t"], Measuring(results=tmp_path)), "0" * 40, "1" * 40, 0.02)
    _, folder = gate(options, DEFAULT)
    told = page.read_text()
    assert told.startswith("before\n## Latency gate")
    assert "workers.svg" not in told
    assert "workers.svg" in (folder / "summary.md").read_text()
    with pytest.raises(MachineError, match="the run's files cannot be written"):
        gate(replace(options, results=page), DEFAULT)
