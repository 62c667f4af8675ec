"""What the samples of a backend come to: a latency, marked where other work disturbed it, or none."""

from __future__ import annotations

from dataclasses import dataclass

from opbench.measure.timing.sampler import CONTENDED, Samples
from opbench.vocabulary.backend import Figured
from opbench.vocabulary.record import Check, Contended, Measured

MARKED = 0.25
"""Share of preempted samples from which on a figure is marked; they are no part of it in any case."""


@dataclass
class Prepared:
    """What is known of a backend before it is sampled.

    seconds: that preparing took.
    figured: what preparing showed besides, where the backend tells.
    check: the latest, None before the first.
    """

    seconds: float
    figured: Figured | None = None
    check: Check | None = None


def outcome_of(samples: Samples, prepared: Prepared, disturbed: str, leak: str) -> Measured | Contended:
    """The outcome of a backend whose check passed.

    disturbed: what else ran meanwhile, or "". leak: a sentence on memory that its turns took for good, or "".
    """
    taken = len(samples.samples_s) + samples.preempted
    preempted = f"{samples.preempted} of {taken} samples were preempted" if samples.preempted else ""
    said = ", ".join(filter(None, (disturbed, preempted)))
    if samples.stopped == CONTENDED:
        return Contended(f"{said}; measured again by --resume, when the machine is quieter")
    contention = said if disturbed or samples.preempted > MARKED * taken else ""
    figured = prepared.figured
    assert prepared.check is not None
    return Measured(
        check=prepared.check,
        samples_s=tuple(samples.samples_s),
        calls_per_sample=samples.calls,
        stopped=samples.stopped,
        prepare_s=prepared.seconds,
        warmup_calls=samples.warmup_calls,
        warmup_s=samples.warmup_s,
        sampling_s=samples.sampling_s,
        page_faults=samples.page_faults,
        preempted=samples.preempted,
        contention=contention,
        warnings=tuple(filter(None, (contention and f"contended: {contention}", leak))),
        figures=dict(figured.figures) if figured else {},
        trials=figured.trials if figured else (),
    )
