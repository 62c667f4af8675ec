"""`opbench profile` of one small case, as its tests run it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from opbench.commands.profile import run as profiling
from opbench.profiling.case_options import CaseOptions
from opbench.profiling.profiler import OptionalSteps
from opbench.vocabulary.settings import Settings


def profile(
    results: Path, capsys: pytest.CaptureFixture[str], steps: OptionalSteps | None = None, **options: Any
) -> tuple[int, dict[str, Any], str]:
    """Exit code, what it printed for machines, and the page."""
    code, printed = run(results, capsys, steps, as_json=True, **options)
    facts = json.loads(printed)
    return code, facts, Path(facts["profile"]).read_text()


def run(
    results: Path,
    capsys: pytest.CaptureFixture[str],
    steps: OptionalSteps | None = None,
    *,
    as_json: bool,
    **options: Any,
) -> tuple[int, str]:
    """Exit code, and what it printed as its result."""
    case = {"operator": "cross_hadamard", "axes": {"channels": (5,), "edge": (3,)}, "backend": "torch_eager"} | options
    device = case.pop("device", "cpu")
    code = profiling.run(
        CaseOptions(point=None, dtype="float32", mode="forward", **case),
        device,
        steps or OptionalSteps(),
        Settings(budget_s=0.02, split=True, count=False),
        results,
        wait=True,
        as_json=as_json,
    )
    return code, capsys.readouterr().out
