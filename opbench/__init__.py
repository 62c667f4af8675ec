"""opbench: measure an operator honestly. The vocabulary; see `opbench.running.runner` for how the nouns meet."""

from opbench.vocabulary.backend import Backend, Figured, Inputs, KernelResources, Launch, Preparing
from opbench.vocabulary.case import Axes, Case, Point
from opbench.vocabulary.limit import Limit
from opbench.vocabulary.operator import Axis, Operator, Tolerance
from opbench.vocabulary.record import Check, Contended, Failed, Measured, Mismatch, Outcome, Record, Trial, Unavailable
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
]
