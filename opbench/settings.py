"""How to measure: what the command line can change about a run, apart from the question itself."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Settings:
    """target: stop when the median's 95 % interval is this narrow (full width over median).
    budget_s: seconds of samples per backend and point.
    time_limit_s: seconds one step (a compilation, a check, one sample) may take before its process is killed.
    threads: CPU threads of the measuring process; 0 leaves PyTorch's choice.
    count: also count operations with fvcore and PyTorch's counter.
    """

    target: float = 0.02
    budget_s: float = 1.0
    time_limit_s: float = 120.0
    threads: int = 0
    count: bool = True

    def to_json(self) -> dict[str, Any]:
        return asdict(self)
