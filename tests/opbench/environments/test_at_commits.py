"""Cases at two commits: each side's workers run the operators of their own checkout."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from opbench.environments import at_commits
from opbench.environments.at_commits import compare_cases
from opbench.errors import UsageError
from opbench.gate.output.progress import RunProgress
from opbench.gate.pool.launch import LaunchConfig
from opbench.gate.pool.worker_handle import WorkerHandle
from opbench.gate.runs.artifacts import LiveRun
from opbench.gate.samples import SIDES, Side
from opbench.gate.source.environments import Checkout
from opbench.gate.source.worktrees import Revisions
from opbench.gate.stats.rule import DEFAULT
from opbench.history.confirming.question import Measuring, question
from tests.repositories import commit, git, isolated_git, registered

OPERATOR = """
import torch
import opbench

@opbench.operator(axes={{"rows": 7}})
def own_sum(x):
    return x + x

@own_sum.inputs
def _(rows):
    return torch.randn(rows, 3)

@own_sum.backend("ours")
def _(x):
    return {factor} * x
"""

KEY = "own_sum/float32/cpu/forward/wall/rows=7/ours"


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Right at the first commit, wrong at the second."""
    folder = tmp_path_factory.mktemp("own")
    with isolated_git():
        git(folder, "init", "-q")
        for factor in (2, 3):
            commit(folder, "own_ops.py", OPERATOR.format(factor=factor))
        yield folder


def test_each_side_runs_its_own_operators(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[Side, Any] = {}
    monkeypatch.setenv("OPBENCH_CACHE", str(tmp_path))

    def judge(checkouts: Mapping[Side, Checkout], launch: LaunchConfig, *_: object) -> LiveRun:
        for side in SIDES:
            worker = WorkerHandle(0, side, checkouts, launch)
            try:
                listed = worker.ask({"list": {}})
                probed = worker.ask({"probe": KEY})["finished"]
                seen[side] = listed["benchmarks"][0]["id"], probed["outcome"], worker.ask({"modules": {}})["foreign"]
            finally:
                worker.close()
        return LiveRun([], [], {}, DEFAULT)

    monkeypatch.setattr(at_commits, "judge", judge)
    base, head = git(repository, "rev-list", "--reverse", "HEAD").split()
    options = question([KEY], Measuring((str(repository / "own_ops.py"),)))
    compare_cases(Revisions(base, head, repository), options, DEFAULT, RunProgress(None))
    assert seen == {"base": (KEY, "passed", []), "head": (KEY, "invalid", [])}
    assert registered(repository) == [str(repository)]


@pytest.mark.parametrize(
    ("cases", "declaring", "said"),
    [
        (("fill/3",), (), "is the key of no case"),
        ((KEY,), ("elsewhere/own_ops.py",), "a .py file of .* that declares operators"),
        ((KEY,), ("tests/bench",), "a .py file of .* that declares operators"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_anything_is_checked_out(
    cases: tuple[str, ...], declaring: tuple[str, ...], said: str, repository: Path
) -> None:
    options = replace(question([KEY], Measuring(declaring)), cases=cases)
    with pytest.raises(UsageError, match=said):
        compare_cases(Revisions("a", "b", repository), options, DEFAULT, RunProgress(None))
