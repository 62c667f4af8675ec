"""An interpreter is asked before anything is measured, and what is in the way is one line that says what to do."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path

import pytest

from opbench.environments.interpreter import BUILDING, NEEDED, OLDEST, Ask, interpreter
from opbench.errors import MachineError, OpbenchError, UsageError

ROOT = Path(__file__).parents[3]


def says(version: tuple[int, int, int] = (3, 12, 1), missing: Sequence[str] = ()) -> Ask:
    told = f"a banner\nopbench:{json.dumps({'version': version, 'missing': missing})}\n"
    return lambda command: subprocess.CompletedProcess(command, 0, told, "")


def fails(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.CompletedProcess(command, 1, "", "Traceback\nImportError: broken\n")


def hangs(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    raise subprocess.TimeoutExpired("python", 120)


def test_this_one_has_what_is_needed_and_keeps_its_links(tmp_path: Path) -> None:
    found = interpreter(sys.executable)
    assert found.python == Path(sys.executable)
    assert found.version == ".".join(map(str, sys.version_info[:3]))
    linked = tmp_path / "environment" / "bin" / "python"
    linked.parent.mkdir(parents=True)
    linked.symlink_to(sys.executable)
    assert interpreter(str(tmp_path / "environment"), says()).python == linked


@pytest.mark.parametrize(
    ("ask", "error", "message"),
    [
        (says((3, 9, 2)), UsageError, r"is Python 3\.9\.2; expected 3\.11 or newer"),
        (says((3, 9, 2), ["torch"]), UsageError, r"3\.9\.2"),
        (says(missing=["psutil", "torch"]), MachineError, r"has no .*; install .* -m pip install 'torch>=\S+' 'psutil"),
        (fails, MachineError, r"does not say what it is \(exit code 1: ImportError: broken\)"),
        (hangs, MachineError, "cannot be run"),
    ],
)
def test_one_that_cannot_measure_is_refused_with_what_to_do(ask: Ask, error: type[OpbenchError], message: str) -> None:
    with pytest.raises(error, match=message) as refused:
        interpreter(sys.executable, ask)
    assert "\n" not in str(refused.value)
    assert sys.executable in str(refused.value)


def test_where_there_is_none_that_is_said(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no program")
    with pytest.raises(UsageError, match=r"no interpreter at .*absent; .* --with"):
        interpreter(str(tmp_path / "absent"))
    with pytest.raises(UsageError, match="no interpreter at"):
        interpreter(str(tmp_path))
    with pytest.raises(UsageError, match=r"notes\.txt cannot be run"):
        interpreter(str(tmp_path / "notes.txt"))


def test_what_is_needed_is_what_the_project_declares() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert {*NEEDED.values(), *BUILDING} <= set(project["dependencies"])
    oldest = re.search(r">=(\d+)\.(\d+)", project["requires-python"])
    assert oldest is not None
    assert tuple(map(int, oldest.groups())) == OLDEST
