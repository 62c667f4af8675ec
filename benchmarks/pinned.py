"""A benchmark's process as the harness starts its own: with the allocator's settings, which are read at start."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

from opbench.environment import PINNED


def run_pinned(module: str, main: Callable[[], None]) -> None:
    """Call `main`, or first start `python -m module` again, same arguments, in the pinned environment."""
    if any(os.environ.get(name) != value for name, value in PINNED.items()):
        os.execve(sys.executable, [sys.executable, "-m", module, *sys.argv[1:]], os.environ | PINNED)  # noqa: S606
    main()
