"""How many calls make a sample and how many samples a slice: the same for all workers of a benchmark."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from statistics import median
from typing import Any

SAMPLE_S = 50e-6
"""Least seconds of a sample: 500 times what reading the counter costs and resolves (0.1 us from Python)."""

SLICE_S = 6e-3
"""Seconds of samples in a slice. Long beside the switch to the next worker, which finds its caches cold (2 ms, with the
request); short beside bursts of foreign load and changes of clock, which then fall on all workers of a round alike.
On a Xeon VM turns that follow each other, 10 ms apart at slices of 8 ms, differ from the worker's value by amounts that
correlate by 0.1 to 0.7, and by 0.1 four turns later: what changes, changes within a round, and more samples in a slice
tell nothing more."""

FEW_SAMPLES, LONG_SLICE_S = 4, 16e-3
"""Slices of slow kernels last longer, until so many samples or seconds: a quartile of two is their mean."""

MOST_SAMPLES = 256

MOST_SLICE_S = 50e-3
"""Seconds of a slice with the setup of each sample, where that takes longer than what is timed."""


@dataclass(frozen=True)
class SamplingPlan:
    """calls: that one sample groups. samples: of one slice."""

    calls: int
    samples: int


def plan_samples(warm_ups: Sequence[Mapping[str, Any]]) -> SamplingPlan:
    """From all workers' warm-ups: by their median, so that one worker's slow start changes nothing.

    With an own setup before each call (`whole_s` is its time and the call's), a sample is one call.
    """
    seconds = max(median(warm_up["seconds"] for warm_up in warm_ups), 1e-9)
    wholes_s = [warm_up["whole_s"] for warm_up in warm_ups if warm_up["whole_s"] is not None]
    if wholes_s:
        samples = min(SLICE_S / seconds, MOST_SLICE_S / max(median(wholes_s), 1e-9))
        return SamplingPlan(1, max(1, min(MOST_SAMPLES, round(samples))))
    calls = max(1, ceil(SAMPLE_S / seconds))
    sample_s = calls * seconds
    samples = max(round(SLICE_S / sample_s), min(FEW_SAMPLES, int(LONG_SLICE_S / sample_s)))
    return SamplingPlan(calls, max(1, min(MOST_SAMPLES, samples)))
