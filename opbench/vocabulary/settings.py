"""How to measure: what the command line can change about a run, apart from the question itself."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass
from typing import Any

from opbench.errors import UsageError


@dataclass(frozen=True)
class Settings:
    """target: stop when the median's 95 % interval is this narrow (full width over median).
    budget_s: seconds of samples per backend and point.
    time_limit_s: seconds one step (a compilation, a check, one sample) may take before its process is killed.
    threads: CPU threads of the measuring process; 0 leaves PyTorch's choice.
    count: also count operations with fvcore and PyTorch's counter.
    split: also find where one call's time goes, see `Measured.split`.
    trusting: look at no output of a timed call, see `opbench.measure.audit`.
    isolate: measure every backend in a process of its own, see `opbench.measure.isolation`.
    """

    target: float = 0.02
    budget_s: float = 0.5
    time_limit_s: float = 120.0
    threads: int = 0
    count: bool = True
    split: bool = False
    trusting: bool = False
    isolate: bool = False

    def __post_init__(self) -> None:
        """Raises UsageError for a setting that cannot be measured with."""
        for name, value in (("target", self.target), ("budget", self.budget_s), ("time-limit", self.time_limit_s)):
            if not 0 < value < float("inf"):
                raise UsageError(f"--{name} is {value:g}; expected a number above 0")
        cores = os.cpu_count() or 1
        if not 0 <= self.threads <= cores:
            raise UsageError(f"--threads is {self.threads}; expected 0 (PyTorch's choice) to {cores}, this machine's")

    def to_json(self) -> dict[str, Any]:
        return asdict(self)
