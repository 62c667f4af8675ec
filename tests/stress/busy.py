"""Busy loops beside a command: two for every core, so that what the command starts gets a third of a core or less.

    python -m tests.stress.busy COMMAND...

Its exit code is the command's. Unlike `benchmarks.trust.antagonists`, whose bursts leave pauses, it never rests.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

LOOPS_A_CORE = 2

LOOP = "import os\nwhile os.getppid() == {parent}: sum(range(100_000))"
"""Ends with the process that started it, however that ends."""


@contextmanager
def busy() -> Iterator[list[subprocess.Popen[bytes]]]:
    """The loops, on the cores that this process may use."""
    count = LOOPS_A_CORE * len(os.sched_getaffinity(0))
    words = [sys.executable, "-I", "-S", "-c", LOOP.format(parent=os.getpid())]
    started = [subprocess.Popen(words) for _ in range(count)]
    try:
        yield started
    finally:
        for one in started:
            one.kill()
            one.wait()


def beside(command: Sequence[str]) -> int:
    """The command's exit code, beside the loops."""
    with busy():
        return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    sys.exit(beside(sys.argv[1:]))
