"""opbench: measure an operator honestly. The vocabulary; see `opbench.running.runner` for how the nouns meet.

Every name imports what it needs, `compare`, `time` and `load` PyTorch among it, when it is first asked for: pytest
imports this package in every run, for its plugin, which may take no time there.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from opbench.custom.comparison import compare
    from opbench.custom.declared import operator
    from opbench.custom.latency import time
    from opbench.custom.result import load
    from opbench.vocabulary.backend import Backend, Figured, Inputs, KernelResources, Launch, Preparing
    from opbench.vocabulary.case import Axes, Case, Point
    from opbench.vocabulary.limit import Limit
    from opbench.vocabulary.operator import Axis, Operator, Tolerance
    from opbench.vocabulary.record import (
        Check,
        Contended,
        Failed,
        Measured,
        Mismatch,
        Outcome,
        Record,
        Trial,
        Unavailable,
    )
    from opbench.vocabulary.report import Artifact, Page, Report
    from opbench.vocabulary.sweep import Every, Grid, Sweep
    from opbench.vocabulary.work import Part, Work

__version__ = "0.1.0"

__all__ = [
    "Artifact",
    "Axes",
    "Axis",
    "Backend",
    "Case",
    "Check",
    "Contended",
    "Every",
    "Failed",
    "Figured",
    "Grid",
    "Inputs",
    "KernelResources",
    "Launch",
    "Limit",
    "Measured",
    "Mismatch",
    "Operator",
    "Outcome",
    "Page",
    "Part",
    "Point",
    "Preparing",
    "Record",
    "Report",
    "Sweep",
    "Tolerance",
    "Trial",
    "Unavailable",
    "Work",
    "__version__",
    "compare",
    "load",
    "operator",
    "time",
]

_MODULES = {
    "custom.comparison": ("compare",),
    "custom.declared": ("operator",),
    "custom.latency": ("time",),
    "custom.result": ("load",),
    "vocabulary.backend": ("Backend", "Figured", "Inputs", "KernelResources", "Launch", "Preparing"),
    "vocabulary.case": ("Axes", "Case", "Point"),
    "vocabulary.limit": ("Limit",),
    "vocabulary.operator": ("Axis", "Operator", "Tolerance"),
    "vocabulary.record": (
        *("Check", "Contended", "Failed", "Measured", "Mismatch"),
        *("Outcome", "Record", "Trial", "Unavailable"),
    ),
    "vocabulary.report": ("Artifact", "Page", "Report"),
    "vocabulary.sweep": ("Every", "Grid", "Sweep"),
    "vocabulary.work": ("Part", "Work"),
}
_HOMES = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = globals()[name] = getattr(import_module(f"opbench.{_HOMES[name]}"), name)
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
