"""Does a backend notice that one element of its input has changed? By its output, by its time.

A result that is bit for bit what it was is one that was kept, where the reference says that it has to move. A backend
that compares all of its input before it returns a kept result is right, and takes longer in such a call.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from statistics import median
from typing import Any

import torch

from opbench.measure.compare import poison
from opbench.measure.point_checker import FEWEST_BLOCKS, poison_free_memory
from opbench.measure.redrawn_inputs import Redrawing
from opbench.measure.timing.clock import Timer
from opbench.vocabulary.record import Check

CHANGES = 4
"""Calls in a look before which one element of the input changes; an even number, so that it is back in the end. The
second writes into poisoned memory, so its time says less.
"""

LONG_S = 1e-3
"""A call that takes longer is called twice only: so much of it is no accident of one call."""

WHOLE = 1 << 24
"""Elements of an output up to which all of it is held against that of the next call."""

SLOWER, SLOWER_S = 2.5, 5e-6
"""A backend keeps results where the quickest call after its input changed takes more than this many times the median of
samples, and this much longer than the slowest tenth, and does so again when it is tried (`TRIES`). Backends that keep
results take 4 times as long and more. Honest ones took up to 1.5 times the median, of 360 cases, where a neighbour on
the host makes samples differ by 1.9; one of 128 took 3.1, on a host that changes its speed within seconds, with outputs
of 193 MiB and two calls to go by.
"""

TRIES = 4
"""How often a suspicion is put to the test: a call after a change, and a sample without one; even, as above."""


class Changing:
    """Changes elements of one point's input, calls, and puts them back. wall: whether the clock is wall time."""

    __slots__ = ("_calls", "_now", "_quickest_s", "_redrawing", "_wall")

    def __init__(self, redrawing: Redrawing, now: Callable[[], float], *, wall: bool) -> None:
        self._redrawing, self._now, self._wall = redrawing, now, wall
        self._quickest_s: dict[str, float] = {}
        self._calls: dict[str, Callable[[], Any]] = {}

    def calls(self, label: str, timer: Timer, output: Any, fixed: bool, taken: Callable[[Any], None]) -> int | None:
        """The place of an element whose change left the whole output as it was, or None.

        output: of the call before. fixed: whether all are written to the same memory. taken: given the output of a call
        that was to write into poisoned memory, the element changed back, at once.
        """
        if not self._redrawing.changes:
            return None
        comparable = isinstance(output, torch.Tensor) and 0 < output.numel() <= WHOLE
        again = fixed or not self._wall  # there a backend may be a graph of its own, which writes to one place
        before = output.clone() if comparable and again else output
        place, unmoved = self._redrawing.place(), None
        self._calls[label] = timer.call
        for number in range(CHANGES):
            if number == 1:
                poison_for(output, fixed)  # not before the others: they would find their caches empty
            self._redrawing.negate(place)
            start = self._now()
            following = timer.call()
            seconds = self._now() - start
            if self._wall:
                self._quickest_s[label] = min(seconds, self._quickest_s.get(label, seconds))
            result = output if fixed else following
            if not number and comparable and _alike(before, result):
                unmoved = place
            if number == 1:
                taken(result)
                if not self._wall or seconds > LONG_S:
                    break
        return unmoved

    def kept(self, label: str, check: Check, samples_s: Sequence[float], calls: int) -> Check:
        """The Check, failed where the backend keeps results, which is tried again before it is said.

        samples_s: seconds a call, of a figure not contended. calls: of a sample.
        """
        changing_s, median_s = self._quickest_s.get(label, 0.0), median(samples_s)
        slow_s = sorted(samples_s)[len(samples_s) * 9 // 10]
        if changing_s <= max(SLOWER * median_s, slow_s + SLOWER_S):
            return check
        changed_s, same_s = self._tried(label, calls)
        if changed_s <= max(SLOWER * same_s, same_s + SLOWER_S):
            return check
        detail = f"takes {changing_s / median_s:.1f} times as long once its input has changed: it keeps results"
        return replace(check, passed=False, misses=max(1, check.misses), detail=detail)

    def _tried(self, label: str, calls: int) -> tuple[float, float]:
        """Seconds of the quickest call after a change, and of one in the middle of samples without.

        Whole samples, since a backend may keep results only from some call after a change on.
        """
        call, place = self._calls[label], self._redrawing.place()
        changed_s, same_s = [], []
        for _ in range(TRIES):
            self._redrawing.negate(place)
            start = self._now()
            call()
            changed = self._now()
            for _ in range(calls):
                call()
            changed_s.append(changed - start)
            same_s.append((self._now() - changed) / calls)
        return min(changed_s), median(same_s)


def poison_for(output: Any, fixed: bool) -> None:
    """NaN into what the next call is to write into: the same tensor, or free memory where it asks for some."""
    if not isinstance(output, torch.Tensor) or not output.is_floating_point():
        return
    if fixed:
        poison(output.data)
    else:
        poison_free_memory(output.numel(), output.dtype, output.device, FEWEST_BLOCKS)


def _alike(before: torch.Tensor, following: Any) -> bool:
    same_kind = isinstance(following, torch.Tensor) and following.shape == before.shape
    return same_kind and following.dtype == before.dtype and bool(torch.equal(before, following))
