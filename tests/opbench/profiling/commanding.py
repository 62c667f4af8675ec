"""`opbench profile` of one small case, as its tests run it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from opbench.commands import profiling
from opbench.commands.profiling import Asked
from opbench.profiling.asking import Typed
from opbench.profiling.finding import Wanted
from opbench.settings import Settings


def profile(
    results: Path, capsys: pytest.CaptureFixture[str], wanted: Wanted | None = None, **typed: Any
) -> tuple[int, dict[str, Any], str]:
    """Exit code, what it printed for machines, and the page."""
    code, told = run(results, capsys, wanted, as_json=True, **typed)
    facts = json.loads(told)
    return code, facts, Path(facts["profile"]).read_text()


def run(
    results: Path, capsys: pytest.CaptureFixture[str], wanted: Wanted | None = None, *, as_json: bool, **typed: Any
) -> tuple[int, str]:
    """Exit code, and what it printed as its result."""
    words = {"operator": "cross_hadamard", "axes": {"channels": (5,), "edge": (3,)}, "backend": "torch_eager"} | typed
    device = words.pop("device", "cpu")
    asked = Asked(
        Typed(point=None, dtype="float32", mode="forward", **words),
        device,
        wanted or Wanted(),
        Settings(budget_s=0.02, split=True, count=False),
        results,
        wait=True,
        as_json=as_json,
    )
    code = profiling.run(asked)
    return code, capsys.readouterr().out
