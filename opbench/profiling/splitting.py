"""Splits the time of one measured launch, in as many attempts as it takes to meet the machine as it was measured."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from opbench.profiling import on_device, timeline
from opbench.profiling.costs import costs_for
from opbench.profiling.split import TOLERANCE, Split, split_of, verdict
from opbench.profiling.tracing import Plan, plan_for, traced

ATTEMPTS = 3

NOTHING_SEEN = "no PyTorch operator or kernel is seen inside this launch, so there is nothing to split it by"


@dataclass
class Splitting:
    """One launch whose median is known. Between attempts others have their turn: a machine that was slow for a moment
    is asked again later, and of all attempts the one that comes nearest to the median stands.

    On a GPU the parts add up to a synchronised call, which is longer than the median of a clock that counts the
    device's time; they are held against such a call made beside them.
    """

    launch: Callable[[], Any]
    median_s: float
    device: str
    parts: Mapping[str, float] = field(default_factory=dict)
    reason: str = ""
    done: bool = False
    _best: float = float("inf")

    def attempt(self) -> None:
        """Raises whatever the launch or the profiler does."""
        found = self._on_device() if self.device == "cuda" else self._on_host()
        if found is None:
            self.reason, self.done = NOTHING_SEEN, True
            return
        whole_s = found.plain_s if self.device == "cuda" else self.median_s
        miss = abs(found.miss(whole_s))
        self.done = miss <= TOLERANCE
        if miss < self._best:
            self._best, self.parts, self.reason = miss, found.parts, verdict(found, whole_s)

    def give_up(self, reason: str) -> None:
        """A failure takes nothing from an attempt that succeeded before it."""
        self.done = True
        if not self.parts:
            self.reason = f"the profiler failed: {reason}"

    def _on_host(self) -> Split | None:
        (one,) = traced(self.launch, Plan(1, 1, led=True))
        groups = traced(self.launch, plan_for(self.median_s, len(one.spans)))
        return split_of(groups, costs_for(groups))

    def _on_device(self) -> Split | None:
        return timeline.split_of(on_device.traced(self.launch))
