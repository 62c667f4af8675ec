"""What an interpreter is, and whether our source can measure in it: asked of it before anything is measured."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from opbench.errors import MachineError, UsageError, first_line

NEEDED: Mapping[str, str] = {
    "torch": "torch>=2.9",
    "numpy": "numpy>=2.0",
    "psutil": "psutil>=6.0",
    "msgspec": "msgspec>=0.19",
}
"""What a worker imports, by module, and what installs it."""

BUILDING = ("ninja>=1.11", "setuptools>=77")
"""What backends in C++ need besides, which say so themselves where it is missing."""

OLDEST = (3, 11)

LIMIT_S = 120.0
"""Seconds in which an interpreter must have said what it is: a cold disk takes some to list a large site-packages."""

QUESTION = """
import json, sys
from importlib import util
missing = [name for name in sys.argv[1:] if util.find_spec(name) is None]
print("opbench:" + json.dumps({"version": list(sys.version_info[:3]), "missing": missing}))
"""
"""Runs on any Python 3, so that one too old can say so."""

Ask = Callable[[Sequence[str]], "subprocess.CompletedProcess[str]"]
"""Runs a command and returns what it printed."""


@dataclass(frozen=True)
class Interpreter:
    """python: its path. version: as Python writes it, such as `3.11.2`. missing: modules of NEEDED that it lacks."""

    python: Path
    version: str
    missing: tuple[str, ...] = ()


def interpreter(text: str, ask: Ask | None = None) -> Interpreter:
    """The one at that path, with all that a worker needs. A virtual environment's folder means the one in it.

    Raises UsageError where there is none, or one too old; MachineError where it does not answer or lacks a module.
    """
    python = _path(text)
    answer = _answer(python, ask or _ask)
    version = ".".join(map(str, answer["version"]))
    if tuple(answer["version"]) < OLDEST:
        raise UsageError(f"{python} is Python {version}; expected {'.'.join(map(str, OLDEST))} or newer")
    if answer["missing"]:
        words = " ".join(f"'{NEEDED[name]}'" for name in NEEDED if name in answer["missing"])
        raise MachineError(
            f"{python} (Python {version}) has no {', '.join(answer['missing'])}; "
            f"install what is missing: {python} -m pip install {words}"
        )
    return Interpreter(python, version)


def _path(text: str) -> Path:
    """Absolute and with its links as they are: through one, a virtual environment's interpreter would be another's."""
    path = Path(text).expanduser().absolute()
    if path.is_dir() and (path / "bin" / "python").exists():
        path = path / "bin" / "python"
    if not path.is_file():
        raise UsageError(
            f"there is no interpreter at {text}; expected the path of one, such as ENVIRONMENT/bin/python; "
            "or give --with 'torch==2.11' to have one made"
        )
    if not os.access(path, os.X_OK):
        raise UsageError(f"{text} cannot be run; expected the path of an interpreter, such as ENVIRONMENT/bin/python")
    return path


def _answer(python: Path, ask: Ask) -> dict[str, list[Any]]:
    try:
        run = ask([str(python), "-c", QUESTION, *NEEDED])
    except (OSError, subprocess.SubprocessError) as exc:
        raise MachineError(f"{python} cannot be run: {first_line(exc)}; give the path of an interpreter") from exc
    said = [line.removeprefix("opbench:") for line in run.stdout.splitlines() if line.startswith("opbench:")]
    if run.returncode or not said:
        last = (run.stderr.strip().splitlines() or ["it printed nothing"])[-1]
        raise MachineError(
            f"{python} does not say what it is (exit code {run.returncode}: {last}); give the path of an interpreter"
        )
    answer: dict[str, list[Any]] = json.loads(said[-1])
    return answer


def _ask(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=LIMIT_S,
        check=False,
        stdin=subprocess.DEVNULL,
    )
