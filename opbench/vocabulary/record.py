"""What happened to a case: exactly one Outcome, and the Record that keeps it with its circumstances.

An Outcome that contradicts itself cannot be built: no latency without a passed check, no number on a failure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias

from opbench.vocabulary.case import Case
from opbench.vocabulary.limit import IMPOSSIBLE, Limit
from opbench.vocabulary.work import Part, Work

if TYPE_CHECKING:
    from opbench.vocabulary.interval import Interval

NOT_TIMED = "right, and not timed: only a check was asked for"
"""The reason of an Unavailable that lacks nothing else."""

SCHEMA_VERSION = 2
"""Of a line; earlier ones are read too, see `opbench.store.migration`."""


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
class Trial:
    """One configuration that tuning tried. seconds: per call; None where it could not run, and `reason` says why."""

    configuration: str
    seconds: float | None
    reason: str = ""


@dataclass(frozen=True)
class Measured:
    """Latency samples of a case whose check passed.

    samples_s: seconds per call, one entry per sample in the order taken, without those preempted.
    calls_per_sample: calls grouped into one sample so that it stands far above the clock's resolution.
    stopped: why sampling ended: `target`, `settled` or `budget`, see `opbench.measure.timing.stopping`.
    page_faults: minor faults of the process over all samples; fresh memory inside the timed call shows here.
    preempted: samples set aside because something else had a processor that our threads stood in line for.
    looks: rounds of samples whose outputs were held against the reference, see `opbench.measure.audit`; 0 for none.
    contention: what else the machine did meanwhile, in words; "" where nothing is known to have disturbed the figure.
    figures: what the backend itself measured while it prepared, see `opbench.vocabulary.backend.Figured`.
    trials: the configurations that the backend tried while it prepared, in the order tried.
    split: where one call's time goes, seconds by `dispatch`, `allocation` and kinds of operators, which add up to the
        median; empty where it was not asked for, or `split_reason` says why there is none.
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
    preempted: int = 0
    contention: str = ""
    looks: int = 0
    warnings: tuple[str, ...] = ()
    figures: Mapping[str, float] = field(default_factory=dict)
    trials: tuple[Trial, ...] = ()
    split: Mapping[str, float] = field(default_factory=dict)
    split_reason: str = ""

    def __post_init__(self) -> None:
        if not self.check.passed:
            raise ValueError("a Measured needs a passed check; record a Mismatch instead")
        samples = self.samples_s  # NaN makes a sum NaN; asking each sample in turn takes 40 us for 250, this takes 6
        if not samples or not (self.quickest_s > 0 and sum(samples) < float("inf")):
            raise ValueError(f"a Measured needs positive finite samples, got {self.samples_s[:3]}...")

    @cached_property
    def quickest_s(self) -> float:
        """Seconds a call of the quickest sample."""
        return min(self.samples_s)

    @cached_property
    def interval(self) -> Interval:
        """The median of the samples and its 95 % interval, which everything that is told of a latency begins with."""
        from opbench.vocabulary.interval import (
            median_interval,  # with NumPy, which who only names things need not wait for
        )

        return median_interval(self.samples_s)

    @property
    def page_faults_per_call(self) -> float:
        """0 where they were not counted."""
        return (self.page_faults or 0) / (len(self.samples_s) * self.calls_per_sample)


@dataclass(frozen=True)
class Mismatch:
    """The backend computed something else than the reference; it has no latency."""

    check: Check

    def __post_init__(self) -> None:
        if self.check.passed:
            raise ValueError("a Mismatch needs a failed check")


@dataclass(frozen=True)
class Contended:
    """It ran, but something else had the processors for too many of its samples to say how long it takes."""

    reason: str


@dataclass(frozen=True)
class Unavailable:
    """Not tried, for a reason that is not the backend's fault: no compiler, no device, not enough memory."""

    reason: str


@dataclass(frozen=True)
class Failed:
    """The backend raised, ran out of memory, hung or killed its process in `phase`."""

    phase: str
    reason: str


Outcome: TypeAlias = Measured | Mismatch | Contended | Unavailable | Failed


@dataclass(frozen=True)
class Record:
    """One case and what happened to it; one JSON line.

    work: None only where the operator could not say (it then did not run either).
    sizes: what follows from the axes (such as `out_channels`), from `Operator.sizes`.
    parts: other operators that one call contains, from `Operator.parts`.
    counts: by counter (`fvcore`, `torch`), its own MACs, products and elementwise operations, or the reason
        there are none; empty when counting was not asked for.
    environment: what the numbers depend on, see `opbench.process.environment`.
    limit: the least time the case can take on its machine; None where that machine's ceilings were not measured.
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
    limit: Limit | None = None
    schema: int = SCHEMA_VERSION

    @property
    def latency(self) -> Interval | None:
        """The median and its interval, in seconds; None where it was not measured."""
        return self.outcome.interval if isinstance(self.outcome, Measured) else None

    @property
    def fraction_of_limit(self) -> float | None:
        """The limit over the median: 1 is as fast as this machine can be. None where either is missing."""
        time = self.latency
        return None if self.limit is None or time is None else self.limit.seconds / time.mid

    @property
    def impossible(self) -> bool:
        """Whether it is quicker than its limit allows."""
        return (self.fraction_of_limit or 0.0) > IMPOSSIBLE
