"""opbench: measure an operator honestly. The vocabulary; see `opbench.run` for how the nouns meet."""

from opbench.backend import Backend, Figured, KernelResources, Launch, Preparing
from opbench.case import Axes, Case, Point
from opbench.limit import Limit
from opbench.operator import Axis, Inputs, Operator, Part, Tolerance, Work
from opbench.record import Check, Contended, Failed, Measured, Mismatch, Outcome, Record, Trial, Unavailable
from opbench.report import Artifact, Page, Report
from opbench.sweep import Every, Grid, Sweep

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
]
