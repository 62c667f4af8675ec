"""`opbench.time`: how long one call takes, in this process, with the interval that goes with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import torch
from torch.utils import _pytree as pytree

from opbench import catalog
from opbench.errors import MachineError
from opbench.measure.timing.clocks import clock_for, clock_named
from opbench.measure.timing.contention_watch import watched
from opbench.measure.timing.sampler import CONTENDED, measure
from opbench.measure.timing.stopping import Precision
from opbench.vocabulary.interval import Interval, median_interval

BUDGET_S = 0.1
"""Seconds of samples, what `triton.testing.do_bench` takes by default."""


@dataclass(frozen=True, eq=False)
class Latency:
    """Seconds a call: the median of samples and its 95 % interval.

    samples_s: seconds a call of every sample, in the order taken. calls: a sample. disturbed: what else ran, or "".
    `a < b` where a's interval lies below b's: two that cannot be told apart are neither less nor greater.
    """

    samples_s: tuple[float, ...]
    calls: int
    disturbed: str = ""

    @cached_property
    def interval(self) -> Interval:
        return median_interval(self.samples_s)

    @property
    def median_s(self) -> float:
        return self.interval.mid

    def __lt__(self, other: Latency) -> bool:
        return self.interval.high < other.interval.low

    def __gt__(self, other: Latency) -> bool:
        return other < self

    def __str__(self) -> str:
        scale, unit = _unit(self.interval.mid)
        low, middle, high = (scale * one for one in (self.interval.low, self.interval.mid, self.interval.high))
        digits = max(0, 2 - len(str(int(middle))) + 1)
        text = f"{middle:.{digits}f} {unit} [{low:.{digits}f}, {high:.{digits}f}]"
        return f"{text} ({self.disturbed})" if self.disturbed else text

    __repr__ = __str__

    def _repr_html_(self) -> str:
        shown: str = catalog.shown_by("pages.notebook_latency.html_latency")(self)
        return shown


def time(function: Callable[..., Any], *args: Any, budget: float = BUDGET_S, **kwargs: Any) -> Latency:
    """How long `function(*args, **kwargs)` takes on the device of its tensors; what it returns is not looked at.

    budget: seconds of samples. Gradients are as they are here. Raises MachineError where the machine was too busy for
    any figure; whatever the function raises passes through.
    """
    launch = partial(function, *args, **kwargs)
    clock = clock_for(_device((args, kwargs)))
    with watched(clock) as watch:
        samples = measure(
            {"": launch},
            clock_named(clock),
            partial(Precision, budget_s=budget),
            delay=watch.delay,
            relieve=watch.relieve,
            patience_s=3 * budget,
        )[""]
    if samples.stopped == CONTENDED:
        raise MachineError(f"too busy for a figure: {watch.disturbed or 'other work had the processors'}; try again")
    return Latency(tuple(samples.samples_s), samples.calls, watch.disturbed)


def _device(arguments: Any) -> str:
    kinds = {leaf.device.type for leaf in pytree.tree_leaves(arguments) if isinstance(leaf, torch.Tensor)}
    return "cuda" if "cuda" in kinds else "cpu"


def _unit(seconds: float) -> tuple[float, str]:
    for scale, unit in ((1.0, "s"), (1e3, "ms"), (1e6, "us")):
        if seconds * scale >= 1:
            return scale, unit
    return 1e9, "ns"
