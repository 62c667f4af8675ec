"""Programs and commands of `opbench`, each in a process of its own, forked from one that has imported PyTorch.

A process that is started as usual imports it anew, for 1.5 s of a processor, and so does every measuring process that a
command starts. What only the start of a process can show (what `python -m opbench` imports, and from where) is no
matter for these. The one they are forked from has imported nothing of opbench, so that no program finds what another
has loaded or cached, and no triton, so that one may still ask for its interpreter.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]

Environment = Mapping[str, str | None]

FORKS = """
import gc, importlib, json, os, sys
import torch
gc.freeze()  # what is there by now stays: forks neither look at it nor copy it to note that they did
own = os.environ.get("PYTHONPATH", "").split(os.pathsep)
installed = [part for part in sys.path[1:] if part not in own]
for line in sys.stdin:
    asked = json.loads(line)
    if child := os.fork():
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
        continue
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for stream in (1, 2):
        os.dup2(os.open(f"{asked['said']}/{stream}", os.O_CREAT | os.O_WRONLY, 0o600), stream)
    os.chdir(asked["folder"])
    os.environ.clear()
    os.environ.update(asked["environment"])
    sys.path[:] = ["", *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep)), *installed]
    sys.argv = asked["words"]
    importlib.invalidate_caches()
    exec(compile(asked["program"], "<program>", "exec"), {"__name__": "__main__"})
    sys.exit()
"""

COMMAND = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
from tests.covering import cover_children
from tests.measuring import fork_from_here
cover_children()
fork_from_here()
from opbench.commands.app import main
main()
"""


MODULE = """
import runpy, sys
_, name, *sys.argv[1:] = sys.argv
runpy.run_module(name, run_name="__main__", alter_sys=True)
"""


@dataclass(frozen=True)
class Ended:
    code: int
    stdout: str
    stderr: str


class Interpreter:
    """The one that the others are forked from; started when the first is wanted."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None

    def opbench(self, words: Sequence[str], environment: Environment | None = None) -> Ended:
        """What became of a command, typed in the root of the project. environment: as of `run`."""
        return self.run(COMMAND, ["opbench", *words], environment)

    def module(self, name: str, words: Sequence[str] = (), environment: Environment | None = None) -> Ended:
        """What became of `python -m NAME WORDS` in the root of the project. environment: as of `run`."""
        own = {"PYTHONPATH": str(ROOT)} | dict(environment or {})
        return self.run(MODULE, ["-m", name, *words], own)

    def run(
        self,
        program: str,
        words: Sequence[str] = ("-c",),
        environment: Environment | None = None,
        folder: Path = ROOT,
    ) -> Ended:
        """What became of `python -c`. words: its `sys.argv`. environment: added to that of this process, where None
        takes a variable away.
        """
        changed = os.environ | dict(environment or {})
        with tempfile.TemporaryDirectory(prefix="opbench-said-") as said:
            asked = {
                "said": said,
                "folder": str(folder),
                "environment": {name: text for name, text in changed.items() if text is not None},
                "words": list(words),
                "program": program,
            }
            code = self._answer(json.dumps(asked))
            stdout, stderr = (Path(said, stream).read_text(encoding="utf-8") for stream in ("1", "2"))
        return Ended(code, stdout, stderr)

    def close(self) -> None:
        if self._process is not None:
            self._process.communicate()  # the end of what it reads is its own

    def _answer(self, request: str) -> int:
        if self._process is None:
            words = [sys.executable, "-c", FORKS]
            self._process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd="/", text=True)
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        with suppress(BrokenPipeError):  # of one that has ended already, which nothing to read says as well
            process.stdin.write(request + "\n")
            process.stdin.flush()
        if answer := process.stdout.readline():
            return int(answer)
        self._process = None
        process.communicate()
        raise AssertionError(
            f"the interpreter that programs are forked from ended with {process.returncode} and no answer; stderr has "
            "what it said, and the next program is forked from another"
        )
