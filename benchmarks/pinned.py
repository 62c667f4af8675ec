"""A benchmark's process as the harness starts its own: with the allocator's settings, which are read at start."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

from opbench.process.environment import pinned


def run_pinned(module: str, main: Callable[[], None]) -> None:
    """Call `main`, or first start `python -m module` again, same arguments, in the pinned environment."""
    wanted = pinned(os.environ)
    if wanted != dict(os.environ):
        os.execve(sys.executable, [sys.executable, "-m", module, *sys.argv[1:]], wanted)  # noqa: S606
    main()
