"""A revision that cannot be measured, where another one may be: told apart from a machine that can measure none."""

from __future__ import annotations

from opbench.errors import MachineError


class UnusableRevisionError(MachineError):
    """One side cannot be checked out, built, installed or imported. Whoever looks at many revisions skips this one."""
