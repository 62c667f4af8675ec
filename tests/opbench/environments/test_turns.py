"""Two interpreters get one source and nothing else of this environment: a worker of it, started, measures."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from opbench import Axes, Case, Point
from opbench.environments import turns
from opbench.environments.turns import Turns
from opbench.gate.output.progress import RunProgress
from opbench.gate.pool.launch import LaunchConfig
from opbench.gate.pool.worker_handle import WorkerHandle
from opbench.gate.runs.artifacts import LiveRun
from opbench.gate.samples import SIDES, Side
from opbench.gate.source.environments import Checkout
from opbench.gate.stats.rule import DEFAULT

POINT = Point("fill", Axes({"kib": 3}))


def compared(monkeypatch: pytest.MonkeyPatch, judge: Any, cases: Mapping[str, Case]) -> LiveRun:
    monkeypatch.setattr(turns, "judge", judge)
    pythons: dict[Side, Path] = dict.fromkeys(SIDES, Path(sys.executable))
    return Turns(DEFAULT).compare(pythons, cases, RunProgress(None))


def test_a_worker_runs_our_source_from_where_nothing_else_lies(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, Any] = {}

    def judge(checkouts: Mapping[Side, Checkout], launch: LaunchConfig, *_: object) -> LiveRun:
        tree = checkouts["head"].tree
        seen["lies there"] = sorted(path.name for path in tree.iterdir())
        seen["sides"] = {side: launch.environment(side, checkout) for side, checkout in checkouts.items()}
        worker = WorkerHandle(0, "head", checkouts, launch)
        try:
            seen["listed"] = worker.ask({"list": {}})
            seen["begun"] = worker.ask({"begin": "it"})
            seen["slice"] = worker.ask({"slice": {"calls": 1, "samples": 3, "core": None, "round": 0, "order": 0}})
            seen["finished"] = worker.ask({"finish": {}})
        finally:
            worker.close()
        return LiveRun([], [], {}, DEFAULT)

    compared(monkeypatch, judge, {"it": Case(POINT, "torch_eager")})
    assert seen["lies there"] == ["cases.json", "impls", "opbench", "reports", "sweeps"]
    assert seen["sides"]["base"] == seen["sides"]["head"]
    assert seen["sides"]["head"]["PATH"].split(os.pathsep)[0] == str(Path(sys.executable).parent)
    assert [one["id"] for one in seen["listed"]["benchmarks"]] == ["it"]
    assert seen["listed"]["problems"] == []
    assert "ready" in seen["begun"]
    assert len(seen["slice"]["slice"]["samples_s"]) == 3
    assert seen["finished"]["finished"]["outcome"] == "passed"


def test_the_source_is_gone_afterwards_whatever_happened(monkeypatch: pytest.MonkeyPatch) -> None:
    trees: list[Path] = []

    def judge(checkouts: Mapping[Side, Checkout], *_: object) -> LiveRun:
        trees.extend(checkout.tree for checkout in checkouts.values())
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        compared(monkeypatch, judge, {})
    assert trees[0] == trees[1]
    assert not trees[0].exists()
