"""Under coverage: children write down which branches they took, workers of the gate included.

Workers and measuring processes answer until there are no more requests, and are killed when nobody needs them any
longer, before they could say what they ran. And the gate keeps coverage's variables from its workers: it would be
measuring coverage. Without this, half of what they do counts as never done.
"""

from __future__ import annotations

import contextlib
import os
import subprocess

from opbench.gate.pool import launch
from opbench.process.child import Child

VARIABLES = "COVERAGE_PROCESS_"

LIMIT_S = 10.0
"""For a child that hangs; writing down what was covered takes 0.1 s."""


def cover_children() -> None:
    """Of this process, where coverage is measured: `Child.close` first closes requests, and waits for the end."""
    if not any(name.startswith(VARIABLES) for name in os.environ):
        return
    launch.DROPPED_PREFIXES = tuple(name for name in launch.DROPPED_PREFIXES if name != VARIABLES)  # type: ignore[assignment]
    close = Child.close

    def ended(self: Child) -> None:
        if self.returncode is None:
            self.resume()
            with contextlib.suppress(OSError):  # a request that nobody read
                self._requests.close()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(LIMIT_S)
        close(self)

    Child.close = ended  # type: ignore[method-assign]
