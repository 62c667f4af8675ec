"""The interpreter each side's workers run on: this one for both, or an environment built for each.

One for both is right only while base and head declare the same dependencies; a newer NumPy on one side alone is what
a gate must see. So declarations are compared before anything is measured, and a difference is refused, not ignored.
"""

from __future__ import annotations

import hashlib
import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from opbench.errors import MachineError, UsageError
from opbench.gate.samples import Side
from opbench.gate.source.dependencies import declared_dependencies, differences, significant_lines

STAMP = "opbench-stamp"

RunCommand = Callable[[Sequence[str], Path, Path], int]
"""run(command, folder, log): run it there, append what it prints to the log, return its exit code."""


@dataclass(frozen=True)
class Checkout:
    """One side, ready to run: its interpreter, and the tree whose code has to come first on the path."""

    python: Path
    tree: Path


def prepare(
    trees: Mapping[Side, Path],
    install: str | None,
    home: Path,
    notify: Callable[[str], None],
    run: RunCommand | None = None,
) -> dict[Side, Checkout]:
    """Both sides' interpreters. `install` is what `pip install` is given in each tree, as in a shell; None: nothing.

    Environments are kept in `home`/SIDE/venv, at equally long paths, for as long as what they were built from stays
    the same. Raises MachineError: declarations differ and `install` is None, they cannot be read, pip fails.
    UsageError: `install` is no list of words.
    """
    declared = {side: declared_dependencies(tree) for side, tree in trees.items()}
    if install is None:
        if differing := list(differences(declared["base"], declared["head"])):
            message = f"base and head declare different dependencies ({'; '.join(differing)})"
            raise MachineError(f"{message}; give each side an environment of its own: --install '-e . pytest'")
        return {side: Checkout(Path(sys.executable), tree) for side, tree in trees.items()}
    words = _words(install)
    builds = {side: _Build(side, tree, words, home / side, notify, run or _run) for side, tree in trees.items()}
    return {side: Checkout(build.python(declared[side]), build.tree) for side, build in builds.items()}


def _words(install: str) -> list[str]:
    try:
        words = shlex.split(install)
    except ValueError as exc:
        raise UsageError(f"--install {install!r} is no list of words: {exc}") from exc
    if not words:
        raise UsageError("--install is empty; it takes what `pip install` takes, as in --install '-e . pytest'")
    return words


@dataclass(frozen=True)
class _Build:
    """The environment of one side, in `folder`."""

    side: Side
    tree: Path
    words: Sequence[str]
    folder: Path
    notify: Callable[[str], None]
    run: RunCommand

    def python(self, declared: Mapping[str, Sequence[str]]) -> Path:
        """Its interpreter, once everything is installed. The stamp is written last: a killed build never counts."""
        python, stamp = self.folder / "venv" / "bin" / "python", self.folder / "venv" / STAMP
        digest = self._digest(declared)
        built = python.exists() and stamp.exists() and stamp.read_text(encoding="utf-8") == digest
        if built and not any(map(_is_local, self.words)):
            return python
        stamp.unlink(missing_ok=True)
        self._log.parent.mkdir(parents=True, exist_ok=True)
        self._log.write_text("", encoding="utf-8")
        if built:
            # The worktree was made anew: what its build left in it is gone, and a copy in the environment is of
            # another commit. pip leaves the other requirements alone, and installs a folder every time.
            self.notify(f"installing the code of {self.side} ...")
        else:
            self.notify(f"building the {self.side} environment ...")
            shutil.rmtree(self.folder / "venv", ignore_errors=True)
            self._run_or_fail("python -m venv", [sys.executable, "-m", "venv", str(self.folder / "venv")])
        # -P: the tree may hold a module of a name that pip imports.
        self._run_or_fail("pip install", [str(python), "-P", "-m", "pip", "install", *self.words])
        stamp.write_text(digest, encoding="utf-8")
        return python

    @property
    def _log(self) -> Path:
        return self.folder / "install.log"

    def _digest(self, declared: Mapping[str, Sequence[str]]) -> str:
        """Of all that decides what gets installed, the files that `-r` and `-c` name included."""
        listed = {word: significant_lines(path) for word in self.words if (path := self.tree / _file(word)).is_file()}
        parts = [sys.version, sys.executable, self.words, sorted(declared.items()), str(self.tree), listed]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()

    def _run_or_fail(self, what: str, command: Sequence[str]) -> None:
        code = self.run(command, self.tree, self._log)
        if code:
            text = self._log.read_text(encoding="utf-8", errors="replace")
            message = f"cannot build the environment of {self.side}: {what} failed with exit code {code}"
            raise MachineError(f"{message}: {_failure_reason(text)}; all of it: {self._log}")


def _is_local(word: str) -> bool:
    """Whether pip may take this word for something in the tree, code or a list that can name code."""
    if word.startswith((".", "-e", "--editable", "-r", "--requirement", "file:")):
        return True
    return os.sep in word and "://" not in word.replace("file://", "")


def _file(word: str) -> str:
    """`a.txt` of `a.txt`, `-ra.txt`, `--requirement=a.txt`."""
    if word.startswith("--"):
        return word.partition("=")[2]
    return word[2:] if word.startswith("-") else word


def _failure_reason(log: str) -> str:
    """The last word of what pip ran, if that failed; else the last two lines that speak of an error, or just two."""
    lines = [line for line in map(str.strip, log.splitlines()) if line and not line.startswith(("note:", "hint:"))]
    of_build = [before for before, line in pairwise(lines) if line == "[end of output]"]
    errors = [line for line in lines if "error" in line.lower()]
    return "; ".join(of_build[-1:] or errors[-2:] or lines[-2:])[-400:] or "it printed nothing"


def _run(command: Sequence[str], folder: Path, log: Path) -> int:
    # pip takes what is on PYTHONPATH for installed.
    environment = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "PYTHONHOME"}}
    environment |= {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1"}
    with log.open("a", encoding="utf-8") as output:
        return subprocess.run(
            command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output, check=False
        ).returncode
