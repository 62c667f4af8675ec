"""The timed output is the checked output: while sampling, inputs change and outputs of drawn rounds are looked at.

A backend that was right when it was checked may be something else once it is timed: zeros, an earlier result, half
precision. So before a round of samples the first floating input is scaled by a factor that nobody can know beforehand,
and after some rounds, drawn by the system's randomness, the outputs of each backend's last timed call and of two more
are held against the reference of the inputs as they were in that round; the two are called after the input was another
for the call before. Then some calls are timed with an element of the input changed before each: a backend that keeps
results by its inputs' version, address or values takes longer there.

What is looked at are elements at positions drawn for every point, and the whole of small outputs. Outputs that were
asked for as fresh memory must be: a call may not return the block that an earlier one's caller still holds.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING, Any

import torch

from opbench.check import compare, rms
from opbench.checker import is_expanded
from opbench.record import Check

if TYPE_CHECKING:
    from opbench.case import Point
    from opbench.checker import Candidate
    from opbench.operator import Inputs, Operator

ELEMENTS = 1 << 16
"""Elements of an output that are looked at. All of a smaller one."""

ENOUGH = 3
"""Looks that a point gets where they are cheap. One is never left out."""

SHARE, EARLY_SHARE = 0.06, 0.3
"""Of the time spent sampling, what this may take, and what it may take before there were ENOUGH looks."""

CHANCE = 0.25
"""Of a round to be looked at, while there is time."""

SLOWER, SLOWER_S = 2.5, 5e-6
"""A backend keeps results where the quickest call after its input changed takes more than this many times the median of
samples, and this much longer than the slowest tenth. Backends that keep results take 4 times as long and more; honest
ones took up to 1.5 times the median, of 360 cases, where a neighbour on the host makes samples differ by 1.9.
"""


class Audit:
    """Of one point's sampling. `looks`: rounds looked at. `misses`: by label, the first Check that did not pass.

    inputs: the tensors that the launches read; they are as they were once `close` was called.
    """

    def __init__(
        self,
        operator: Operator,
        point: Point,
        inputs: Inputs,
        candidates: Mapping[str, Candidate],
        now: Callable[[], float] = perf_counter,
        draw: Callable[[], float] | None = None,
    ) -> None:
        self._operator, self._point, self._inputs = operator, point, inputs
        self._candidates, self._now = candidates, now
        self._draw = draw or secrets.SystemRandom().random
        self._dtype: torch.dtype = getattr(torch, point.dtype)
        self._input = next((one for one in inputs.values() if _writable(one)), None)
        self._pristine = None if self._input is None else self._input.clone()
        self._positions: torch.Tensor | None = None
        self._began, self._spent_s = now(), 0.0
        self._drawn = False
        self._taken: dict[str, list[Any]] = {}
        self._reused: set[str] = set()
        self._changing_s: dict[str, float] = {}
        self.misses: dict[str, Check] = {}
        self.looks = 0

    def begin(self, last: bool = False) -> None:
        """Before a round: other input values, unless they cost too much; is it looked at? The `last` one is."""
        began = self._now()
        if self._input is not None and self._pristine is not None and self._within(SHARE):
            torch.mul(self._pristine, 0.5 + 0.5 * self._draw(), out=self._input)
        share = SHARE if self.looks >= ENOUGH else EARLY_SHARE
        self._drawn = last or (self._within(share) and self._draw() < CHANCE)
        self._taken.clear()
        self._spent_s += self._now() - began

    def calls(self, calls: int) -> int:
        """How many calls the next sample is to have of `calls`: now and then one to three in a round that is looked at,
        so that the last of them is none that could repeat an earlier one's result.
        """
        return min(calls, 1 + int(3 * self._draw())) if self._drawn and self._draw() < 0.5 else calls

    def look(self, label: str, output: Any, calls: int) -> None:
        """After a sample of so many calls: take what is needed of the last one's output, at once, and of two more."""
        if not self._drawn:
            return
        began = self._now()
        given, launch = self._candidates[label].out, self._candidates[label].launch
        taken = self._taken[label] = [self._values(output if given is None else given)]
        for _ in range(2):  # one of them may be the one in three that a backend computes
            if self._input is not None:
                self._input.mul_(0.5)
                launch()
                self._input.mul_(2)
            following = launch()
            taken.append(self._values(following if given is None else given))
            if given is None and _same_memory(output, following):
                self._reused.add(label)
        self._time_changing(label, calls)
        self._spent_s += self._now() - began

    def end(self) -> None:
        """After a round that was drawn: hold what was taken against the reference."""
        if not self._taken:
            return
        began = self._now()
        self.looks += 1
        want = self._operator.reference(self._point, self._inputs)
        tolerance = self._operator.tolerance(self._point)
        scale = rms(want) if tolerance.atol else 0.0
        wanted = self._values(want)
        for label, taken in self._taken.items():
            for values in taken:
                check = compare(values, wanted, tolerance, self._dtype, scale)
                if label in self._reused:
                    check = _missed(check, "returned memory that the caller of an earlier call still holds")
                if not check.passed:
                    self.misses.setdefault(label, replace(check, detail=f"in a timed call: {check.detail}"))
        self._taken.clear()
        self._spent_s += self._now() - began

    def wanting(self) -> bool:
        """Whether another round is to be looked at before sampling may end."""
        return self.looks < 1 or (self.looks < ENOUGH and self._within(EARLY_SHARE))

    def close(self) -> None:
        """The inputs as they were."""
        if self._input is not None and self._pristine is not None:
            self._input.copy_(self._pristine)

    def kept(self, label: str, check: Check, samples_s: Sequence[float]) -> Check:
        """The Check, failed where the backend keeps results. samples_s: seconds a call, of a figure not contended."""
        changing_s, median_s = self._changing_s.get(label, 0.0), median(samples_s)
        slow_s = sorted(samples_s)[len(samples_s) * 9 // 10]
        if changing_s <= max(SLOWER * median_s, slow_s + SLOWER_S):
            return check
        times = changing_s / median_s
        return _missed(check, f"takes {times:.1f} times as long once its input has changed: it keeps results")

    def _time_changing(self, label: str, calls: int) -> None:
        """Seconds of the quickest call, of all looks, before which one element of the input changed sign.

        An even number of calls, so that the input is back in the end.
        """
        if self._input is None or not self._input.numel():
            return
        launch = self._candidates[label].launch
        place = torch.randint(self._input.numel(), (1,), generator=_generator())[0]
        where = torch.unravel_index(place, self._input.shape)
        element = self._input[tuple(slice(int(one), int(one) + 1) for one in where)]
        for _ in range(2 * max(1, calls // 8)):
            element.neg_()
            start = self._now()
            launch()
            seconds = self._now() - start
            self._changing_s[label] = min(seconds, self._changing_s.get(label, seconds))

    def _within(self, share: float) -> bool:
        return self._spent_s <= share * (self._now() - self._began)

    def _values(self, output: Any) -> Any:
        """A copy of the elements that are looked at; what is no tensor is returned, and is a miss."""
        if not isinstance(output, torch.Tensor):
            return output
        flat = output.detach().reshape(-1)
        if flat.numel() <= ELEMENTS:
            return flat.clone()
        if self._positions is None:
            drawn = torch.randint(flat.numel(), (ELEMENTS,), generator=_generator())
            self._positions = drawn.sort().values.to(flat.device)
        return flat[self._positions.clamp(max=flat.numel() - 1)]


def _generator() -> torch.Generator:
    return torch.Generator().manual_seed(secrets.randbits(63))


def _missed(check: Check, detail: str) -> Check:
    return replace(check, passed=False, misses=max(1, check.misses), detail=detail)


def _same_memory(output: Any, following: Any) -> bool:
    tensors = isinstance(output, torch.Tensor) and isinstance(following, torch.Tensor)
    return tensors and bool(output.numel()) and output.data_ptr() == following.data_ptr()


def _writable(tensor: torch.Tensor) -> bool:
    return tensor.is_floating_point() and not is_expanded(tensor)
