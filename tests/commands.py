"""Several commands of `opbench`, each in a process of its own, forked from one interpreter that has imported PyTorch.

A command that is started as usual imports it anew, for 1.5 s of a processor. What only the start of a process can show
(what `python -m opbench` imports, and from where) is no matter for these.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]

FORKS = """
import importlib, json, os, sys
folder, commands, *modules = sys.argv[1:]
for name in modules:
    importlib.import_module(name)
from opbench.commands.app import main
codes = []
for place, words in enumerate(json.loads(commands)):
    if child := os.fork():
        codes.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
        continue
    for stream, name in ((1, "stdout"), (2, "stderr")):
        os.dup2(os.open(f"{folder}/{place}.{name}", os.O_CREAT | os.O_WRONLY, 0o600), stream)
    sys.argv = ["opbench", *words]
    main()
print(json.dumps(codes))
"""
"""Nothing of opbench is asked before a fork, so no command finds what another has loaded or cached."""


@dataclass(frozen=True)
class Ended:
    code: int
    stdout: str
    stderr: str


def ended(
    folder: Path, commands: Sequence[Sequence[str]], environment: Mapping[str, str], modules: Sequence[str]
) -> list[Ended]:
    """What became of each command, one after another, typed in the root of the project.

    folder: an empty one, for what they print. environment: added to that of this process. modules: libraries that
    several of the commands need, imported once.
    """
    words = [sys.executable, "-c", FORKS, str(folder), json.dumps(commands), *modules]
    run = subprocess.run(words, cwd=ROOT, env=os.environ | environment, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    codes: list[int] = json.loads(run.stdout)
    said = [
        [(folder / f"{place}.{name}").read_text(encoding="utf-8") for name in ("stdout", "stderr")]
        for place in range(len(commands))
    ]
    return [Ended(code, *streams) for code, streams in zip(codes, said, strict=True)]
