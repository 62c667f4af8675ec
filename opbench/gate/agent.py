"""A worker: pytest in its side's environment, with its run loop replaced by one that answers requests.

Where pytest cannot start, or ends before it has collected, there is still somebody to say why.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from opbench.gate.assignment import from_word
from opbench.gate.channel import Channel

if TYPE_CHECKING:
    from opbench.gate.assignment import Assignment
    from opbench.gate.serving import Serving

_DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG of linux/prctl.h

LOG_END = 4096
"""Characters of the log's end in which pytest's own complaint is looked for."""


def work(requests: int, answers: int, word: str, serving: Callable[[Channel, Assignment], Serving] | None) -> None:
    """Answer requests until there are no more. serving: None where the side has no pytest."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides what Ctrl-C means
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)
    channel, assignment = Channel(requests, answers), from_word(word)
    if serving is None:
        _refuse(channel, f"pytest is not installed for {sys.executable}; add it to --install, or install it there")
        return
    import pytest

    plugin = serving(channel, assignment)
    code = pytest.main(_words(assignment), plugins=[plugin, plugin.collecting])
    if not plugin.served:
        problem = f"pytest ended before it had collected: {_complaint(assignment.log, code)}"
        _refuse(channel, problem, misasked=plugin.collecting.misasked)


def _words(assignment: Assignment) -> list[str]:
    """`-s`: slices are not taken behind a capture that grows; all output goes to the log."""
    keyword = ["-k", assignment.keyword] if assignment.keyword else []
    cache = f"cache_dir={assignment.scratch}/pytest"  # not in the tree, where workers would overwrite each other's
    return [*assignment.paths, "-q", "-s", "--rootdir", assignment.tree, "-o", cache, *keyword]


def _complaint(log: str, code: Any) -> str:
    sys.stdout.flush()
    sys.stderr.flush()
    text = Path(log).read_text(encoding="utf-8", errors="replace")[-LOG_END:] if os.path.exists(log) else ""  # noqa: PTH110
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    said = [line for line in lines if line.startswith(("ERROR", "E ")) or ": error:" in line] or lines[-1:]
    return f"{said[-1].removeprefix('ERROR: ') if said else 'it printed nothing'} (exit code {int(code)})"


def _refuse(channel: Channel, problem: str, *, misasked: bool = False) -> None:
    while channel.read() is not None:
        channel.send({"refused": problem, "misasked": misasked})
