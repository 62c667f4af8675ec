"""What the machine found wrong with a kernel."""

from __future__ import annotations

from typing import ClassVar

from opbench.errors import OpbenchError


class KernelError(OpbenchError):
    """A kernel did what it must not: one line with kernel, instruction, line of the source, block and thread.

    Exit code 1: the request was right, and this is its result.
    """

    exit_code: ClassVar[int] = 1
