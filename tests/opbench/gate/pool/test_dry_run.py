"""The dry run's order of events, by workers that only write down what they are asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from opbench.gate.pool import dry_run as module
from opbench.gate.pool.launch import LaunchConfig
from opbench.gate.samples import Side

NAMES = ("first", "second", "third")

ASKED: dict[Side, list[str]] = {}
"""What each side's worker was asked, in order."""


@dataclass
class Worker:
    """A `WorkerHandle` of a side whose tests import numpy when they are collected, and sympy when the second runs."""

    number: int
    side: Side
    checkouts: Mapping[Side, object]
    launch: LaunchConfig
    imported: list[str] = field(default_factory=lambda: ["pytest", "numpy"])

    def send(self, request: dict[str, Any]) -> None:
        self.request = request
        ASKED.setdefault(self.side, []).append(" ".join(map(str, *request.items())))

    def receive(self) -> dict[str, Any]:
        if "list" in self.request:
            listed = [{"id": name, "params": None, "digest": None, "group": None} for name in NAMES]
            return {"benchmarks": listed, "problems": [], "environment": {}, "deselected": [], "filters": {}}
        if "modules" in self.request:
            return {"foreign": [], "preloadable": list(self.imported)}
        if self.request["probe"] == "second":
            self.imported.append("sympy")
        return {"finished": {"outcome": "passed", "message": ""}, "called": True}

    def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        self.send(request)
        return self.receive()

    def memory_bytes(self) -> int:
        return 7

    def close(self) -> None:
        """Nothing to end."""


@pytest.fixture(autouse=True)
def _scripted(monkeypatch: pytest.MonkeyPatch) -> None:
    ASKED.clear()
    monkeypatch.setattr(module, "WorkerHandle", Worker)


LAUNCH = LaunchConfig((), None, 1, "cpu", Path(), 1.0)


def test_the_sides_go_through_the_benchmarks_from_opposite_ends() -> None:
    found = module.dry_run({}, LAUNCH)
    probed = {side: [one for one in asked if one.startswith("probe")] for side, asked in ASKED.items()}
    assert probed["base"] == [f"probe {name}" for name in NAMES]
    assert probed["head"] == probed["base"][::-1]
    assert [len(run.benchmarks) for run in found.values()] == [3, 3]
    assert not any(run.failures for run in found.values())


def test_what_both_have_imported_is_told_before_the_first_benchmark_runs_and_after_the_last() -> None:
    told: list[list[str]] = []

    def on_imports(modules: Sequence[str]) -> None:
        told.append([*modules, *(one for one in ASKED["base"] if one.startswith("probe"))])

    found = module.dry_run({}, LAUNCH, on_imports)
    assert told == [["pytest", "numpy"], ["pytest", "numpy", "sympy", *(f"probe {name}" for name in NAMES)]]
    assert found["head"].preloadable == ["pytest", "numpy", "sympy"]
