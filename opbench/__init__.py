"""opbench: measure an operator honestly. The vocabulary; see `opbench.running.runner` for how the nouns meet.

`compare`, `time` and `load` import what they need, PyTorch among it, when they are first asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from opbench.vocabulary.backend import Backend, Figured, Inputs, KernelResources, Launch, Preparing
from opbench.vocabulary.case import Axes, Case, Point
from opbench.vocabulary.limit import Limit
from opbench.vocabulary.operator import Axis, Operator, Tolerance
from opbench.vocabulary.record import Check, Contended, Failed, Measured, Mismatch, Outcome, Record, Trial, Unavailable
from opbench.vocabulary.report import Artifact, Page, Report
from opbench.vocabulary.sweep import Every, Grid, Sweep
from opbench.vocabulary.work import Part, Work

if TYPE_CHECKING:
    from opbench.custom.comparison import compare
    from opbench.custom.declared import operator
    from opbench.custom.latency import time
    from opbench.custom.result import load

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

_LATER = {
    "compare": "opbench.custom.comparison",
    "load": "opbench.custom.result",
    "operator": "opbench.custom.declared",
    "time": "opbench.custom.latency",
}


def __getattr__(name: str) -> Any:
    if name in _LATER:
        return getattr(import_module(_LATER[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
