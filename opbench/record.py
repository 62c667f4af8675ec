"""What happened to a case: exactly one Outcome, and the Record that keeps it with its circumstances.

An Outcome that contradicts itself cannot be built: no latency without a passed check, no number on a failure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from opbench.case import Case
from opbench.operator import Part, Work

SCHEMA_VERSION = 1


@dataclass(frozen=True)
class Check:
    """A comparison of one output with the float64 reference.

    max_abs_error, max_rel_error: over the elements both finite; `misses` counts the elements outside the
    tolerance, NaN where the reference has none included. `detail` says where the first miss is and what came.
    """

    passed: bool
    elements: int
    misses: int
    max_abs_error: float
    max_rel_error: float
    rtol: float
    atol: float
    detail: str = ""


@dataclass(frozen=True)
class Measured:
    """Latency samples of a case whose check passed.

    samples_s: seconds per call, one entry per sample in the order taken, none removed.
    calls_per_sample: calls grouped into one sample so that it stands far above the clock's resolution.
    stopped: why sampling ended: `target`, `settled` or `budget`, see `opbench.timing.stopping`.
    page_faults: minor faults of the process over all samples; fresh memory inside the timed call shows here.
    figures: what the backend itself measured while it prepared, see `opbench.backend.Figured`.
    """

    check: Check
    samples_s: tuple[float, ...]
    calls_per_sample: int
    stopped: str
    prepare_s: float
    warmup_calls: int
    warmup_s: float
    sampling_s: float
    page_faults: int | None = None
    warnings: tuple[str, ...] = ()
    figures: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.check.passed:
            raise ValueError("a Measured needs a passed check; record a Mismatch instead")
        if not self.samples_s or not all(0 < sample < float("inf") for sample in self.samples_s):
            raise ValueError(f"a Measured needs positive finite samples, got {self.samples_s[:3]}...")


@dataclass(frozen=True)
class Mismatch:
    """The backend computed something else than the reference; it was not timed."""

    check: Check

    def __post_init__(self) -> None:
        if self.check.passed:
            raise ValueError("a Mismatch needs a failed check")


@dataclass(frozen=True)
class Unavailable:
    """Not tried, for a reason that is not the backend's fault: no compiler, no device, not enough memory."""

    reason: str


@dataclass(frozen=True)
class Failed:
    """The backend raised, ran out of memory, hung or killed its process in `phase`."""

    phase: str
    reason: str


Outcome: TypeAlias = Measured | Mismatch | Unavailable | Failed


@dataclass(frozen=True)
class Record:
    """One case and what happened to it; one JSON line, self-sufficient.

    work: None only where the operator could not say (it then did not run either).
    sizes: what follows from the axes (such as `out_channels`), from `Operator.sizes`.
    parts: other operators that one call contains, from `Operator.parts`.
    counts: by counter (`fvcore`, `torch`), its own MACs, products and elementwise operations, or the reason
        there are none; empty when counting was not asked for.
    environment: what the numbers depend on, see `opbench.environment`.
    """

    case: Case
    outcome: Outcome
    environment: Mapping[str, Any]
    revision: str
    started: str
    work: Work | None = None
    sizes: Mapping[str, int] = field(default_factory=dict)
    counts: Mapping[str, Mapping[str, int] | str] = field(default_factory=dict)
    parts: tuple[Part, ...] = ()
    schema: int = SCHEMA_VERSION
