"""Records with a limit: of how much, bound by what, and how near it they came."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from opbench.vocabulary.limit import Limit
from opbench.vocabulary.record import Record

from .builders import measured, record

LIMIT_S = 1e-5


def limit(bound_by: str = "L2", seconds: float = LIMIT_S, level: str = "") -> Limit:
    """What does not bind needs a tenth of the time. Page faults bind beside a memory level that sets the limit."""
    level = level or (bound_by if bound_by.startswith(("L", "D")) else "L2")
    tenth = seconds / 10
    return Limit(
        level=level,
        memory_s=seconds if bound_by in {level, "allocation"} else tenth,
        arithmetic_s=seconds if bound_by == "arithmetic" else tenth,
        launch_s=seconds if bound_by == "launch" else tenth,
        allocation_s=3 * seconds if bound_by == "allocation" else 0.0,
        slowest_s=4 * seconds,
        quickest_s=0.98 * seconds,
    )


def limited(fraction: float = 0.5, bound_by: str = "L2", backend: str = "cpp_ext", **case: Any) -> Record:
    """A measurement that reached `fraction` of its limit, with an interval of a few thousandths."""
    found = record(measured(LIMIT_S / fraction, spread=0.01), backend, **case)
    return replace(found, limit=limit(bound_by))
