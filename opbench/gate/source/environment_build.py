"""An environment made by venv and pip, and kept for as long as what it was made from stays the same."""

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

from opbench.errors import UsageError
from opbench.gate.source.dependencies import significant_lines
from opbench.gate.source.unusable import UnusableRevisionError

STAMP = "opbench-stamp"

RunCommand = Callable[[Sequence[str], Path, Path], int]
"""run(command, folder, log): run it there, append what it prints to the log, return its exit code."""


def install_words(option: str, text: str, example: str) -> list[str]:
    """What `pip install` is given by an option, split as in a shell. Raises UsageError where that cannot be done."""
    try:
        words = shlex.split(text)
    except ValueError as exc:
        raise UsageError(f"{option} {text!r} is no list of words: {exc}") from exc
    if not words:
        raise UsageError(f"{option} is empty; it takes what `pip install` takes, as in {option} '{example}'")
    return words


@dataclass(frozen=True)
class EnvironmentBuild:
    """One environment, in `folder`: a venv of this interpreter, and what pip installs into it.

    owner: whose it is, in messages. tree: where pip runs; relative words are meant from there.
    words: what `pip install` is given.
    """

    owner: str
    tree: Path
    words: Sequence[str]
    folder: Path
    notify: Callable[[str], None]
    run: RunCommand

    def python(self, declared: Mapping[str, Sequence[str]]) -> Path:
        """Its interpreter, once everything is installed. The stamp is written last: a killed build never counts."""
        python, stamp = self.folder / "venv" / "bin" / "python", self.folder / "venv" / STAMP
        digest = self._digest(declared)
        built = python.exists() and stamp.exists() and stamp.read_bytes() == digest.encode()
        if built and not any(map(is_local, self.words)):
            return python
        stamp.unlink(missing_ok=True)
        self._log.parent.mkdir(parents=True, exist_ok=True)
        self._log.write_text("", encoding="utf-8")
        if built:
            # The worktree was made anew: what its build left in it is gone, and a copy in the environment is of
            # another commit. pip leaves the other requirements alone, and installs a folder every time.
            self.notify(f"installing the code of {self.owner} ...")
        else:
            self.notify(f"building the environment of {self.owner} ...")
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
            message = f"cannot build the environment of {self.owner}: {what} failed with exit code {code}"
            raise UnusableRevisionError(f"{message}: {_failure_reason(text)}; all of it: {self._log}")


def is_local(word: str) -> bool:
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


def run_logged(command: Sequence[str], folder: Path, log: Path) -> int:
    """The exit code; what it prints goes to the end of the log."""
    # pip takes what is on PYTHONPATH for installed.
    environment = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "PYTHONHOME"}}
    environment |= {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1"}
    with log.open("a", encoding="utf-8") as output:
        return subprocess.run(
            command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output, check=False
        ).returncode
