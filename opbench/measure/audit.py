"""The timed output is the checked output: while sampling, inputs change and outputs of drawn rounds are kept.

A backend that was right when it was checked may be something else once it is timed: zeros, an earlier result, half
precision. So the input holds other values in every round of samples (`redrawn_inputs.py`). In rounds that the system's
randomness draws, evenly from all of them, a sample ends after a number of calls that is drawn too, and is no figure
then. Part of its last output is kept, and of the output of one more call, for which the input held the round's other
values and memory was poisoned. Which of the two a backend is timed with is drawn for each, so that its neighbour's
output is no help. Between them, calls are timed for which one element of the input has changed its sign: a result that
is bit for bit what it was is one that was kept, and a backend that does notice takes longer there.

Outputs that were asked for as fresh memory must be: nobody but the caller may have them. What was kept is compared once
sampling is over (`output_comparison.py`).
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from time import perf_counter

import torch

from opbench.measure.changed_element import Changing, poison_for
from opbench.measure.compare import overlaps, refused
from opbench.measure.output_comparison import Judge, Round, Undecided
from opbench.measure.output_samples import is_held, take
from opbench.measure.point_checker import Candidate
from opbench.measure.redrawn_inputs import MOVED, PRISTINE, Redrawing
from opbench.measure.tamper_guard import Guard, Tampered
from opbench.measure.timing.clock import Timer
from opbench.measure.timing.clocks import is_wall
from opbench.vocabulary.backend import Inputs
from opbench.vocabulary.case import Point
from opbench.vocabulary.operator import Operator
from opbench.vocabulary.record import Check

ENOUGH, MOST = 3, 6
"""Rounds that are kept and compared where that is cheap, and at most. One is compared whatever it costs."""

SHARE, EARLY_SHARE = 0.03, 0.06
"""Of the time spent sampling, what keeping may take, and comparing may; and what they may before there are ENOUGH."""

CHANCE = 0.25
"""Of a round to be kept, while there is time."""


class Audit:
    """Of one point's sampling. `looks`: rounds compared. `misses`: by label, the first Check that did not pass.

    inputs: the tensors that the launches read; they are as they were once `close` was called.
    """

    __slots__ = (
        "_began",
        "_called",
        "_candidates",
        "_changing",
        "_draw",
        "_drawn",
        "_drawn_rounds",
        "_editors",
        "_guard",
        "_inputs",
        "_judge",
        "_now",
        "_others",
        "_redrawing",
        "_round",
        "_rounds",
        "_spent_s",
        "_versions",
        "_wall",
        "_way",
        "_which",
        "looks",
        "misses",
    )

    def __init__(
        self,
        operator: Operator,
        point: Point,
        inputs: Inputs,
        candidates: Mapping[str, Candidate],
        now: Callable[[], float] = perf_counter,
        draw: Callable[[], float] | None = None,
        guard: Guard | None = None,
    ) -> None:
        self._inputs = {} if operator.ceiling else inputs  # an operator that does nothing returns its input
        self._candidates, self._now = candidates, now
        self._draw = draw or secrets.SystemRandom().random
        self._guard = guard or Guard()
        self._wall = is_wall(point.clock)
        self._redrawing = Redrawing(inputs.values(), self._draw)
        self._others = [(one, one.clone()) for one in list(inputs.values())[1:] if not overlaps(one)]
        self._versions = _versions(self._others)
        self._judge = Judge(operator, point, inputs, self._redrawing)
        self._way = MOVED
        self._began, self._called, self._spent_s = now(), 0.0, 0.0
        self._drawn, self._drawn_rounds, self._which = False, 0, 0
        self._round = Round((self._redrawing.new(PRISTINE),) * 2)
        self._rounds: list[Round] = []
        self._changing = Changing(self._redrawing, now, wall=self._wall)
        self._editors: set[str] = set()
        self.misses: dict[str, Check] = {}
        self.looks = 0

    def glance(self) -> None:
        """Raises Tampered where what matters most is no longer what it was."""
        self._guard.glance()

    def begin(self, last: bool = False) -> None:
        """Before a round: other input values, unless they cost too much; is it kept? The `last` one is."""
        began = self._now()
        within = self._within(SHARE if len(self._rounds) >= ENOUGH else EARLY_SHARE)
        self._drawn = last or (within and self._draw() < CHANCE)
        if self._drawn:
            self._check_all()
            if _versions(self._others) != self._versions:  # in a round that is not kept; its next turn is looked at
                self._put_others_back()
            self._round = Round((self._redrawing.new(self._way), self._redrawing.new(self._way)))
        elif self._within(SHARE):
            self._redrawing.put(self._redrawing.new(self._way))
        self._called = self._now()
        self._spent_s += self._called - began

    def calls(self, calls: int) -> int:
        """How many calls the next sample is to have of `calls`: in a round that is kept any number, so that no call
        knows that its output is not looked at.
        """
        if not self._drawn:
            return calls
        began = self._now()
        self._which = int(2 * self._draw())
        self._redrawing.put(self._round.values[self._which])
        self._called = self._now()
        self._spent_s += self._called - began
        return 1 + int(calls * self._draw())

    def keep_output(self, label: str, timer: Timer) -> None:
        """After a sample: keep part of its last output, at once, and of one more. Raises Tampered."""
        if not self._drawn:
            return
        began = self._now()
        self._spent_s += began - self._called  # a sample that is no figure is time lost to looking, too
        given = self._candidates[label].out
        if self._wall and given is None and not timer.reuses and is_held(timer):
            self._round.broken[label] = "returned memory that it keeps, where fresh memory was asked for"
        fixed = given is not None or timer.reuses
        output = timer.output if given is None else given
        kept = self._round.taken.setdefault(label, [])
        kept.append((self._which, take(output, self._inputs.values(), self._draw)))
        self._guard.check()
        if not isinstance(output, torch.Tensor) or kept[0][1].problem:
            return
        if not self._redrawing.holds(self._round.values[self._which]):
            self._round.broken[label] = "changed its input"

        def keep(output: object) -> None:
            kept.append((self._which, take(output, self._inputs.values(), self._draw)))

        place = self._changing.calls(label, timer, output, fixed, keep)
        if place is not None:
            self._round.unmoved[label] = (self._which, place)
        other = 1 - self._which
        self._redrawing.put(self._round.values[other])
        poison_for(output, fixed)
        following = timer.call()
        kept.append((other, take(following if given is None else given, self._inputs.values(), self._draw)))
        if _versions(self._others) != self._versions:
            self._editors.add(label)
            self._round.broken.setdefault(label, "changed its input")
            self._put_others_back()
        self._spent_s += self._now() - began

    def end(self) -> None:
        """After a round: keep it in the place of an earlier one, so that all have had the same chance in the end."""
        if not self._drawn:
            return
        self._drawn_rounds += 1
        if len(self._rounds) < MOST:
            self._rounds.append(self._round)
        elif (place := int(self._drawn_rounds * self._draw())) < MOST:
            self._rounds[place] = self._round

    def wanting(self) -> bool:
        """Compare what was kept, as far as there is time; whether one more round is to be sampled, for want of any."""
        if self._rounds and len(self._rounds) < ENOUGH and self._within(EARLY_SHARE):
            return True
        began, sampled_s, compared_s = self._now(), self._now() - self._began, 0.0
        self._check_all()
        if not all(torch.equal(one.nan_to_num(), kept.nan_to_num()) for one, kept in self._others):
            self._put_others_back()
            if not self._editors:
                self._blame_all("changed an input past PyTorch's notice")
        while self._rounds:
            share = SHARE if self.looks >= ENOUGH else EARLY_SHARE
            if self.looks and compared_s > share * sampled_s:
                break
            looked = self._rounds.pop(int(self._draw() * len(self._rounds)))
            try:
                found = self._judge.misses(looked, final=self._way == PRISTINE)
            except Undecided:
                self._rounds.clear()
                self._way = min(PRISTINE, self._way + 1)
                break
            self.looks += 1
            for label, check in found.items():
                self.misses.setdefault(label, replace(check, detail=f"in a timed call: {check.detail}"))
            compared_s = self._now() - began
        self._rounds.clear()
        return not self.looks

    def close(self) -> None:
        """The inputs as they were."""
        self._redrawing.put(self._redrawing.new(PRISTINE))

    def kept(self, label: str, check: Check, samples_s: Sequence[float], calls: int) -> Check:
        """The Check, failed where the backend keeps results.

        samples_s: seconds a call, of a figure not contended. calls: of a sample.
        """
        return self._changing.kept(label, check, samples_s, calls)

    def _check_all(self) -> None:
        """Of what changed since somebody's last turn nobody knows who did it."""
        try:
            self._guard.check()
        except Tampered as exc:
            self._blame_all(str(exc))

    def _blame_all(self, what: str) -> None:
        detail = f"one of {', '.join(self._candidates)} {what}"
        for label in self._candidates:
            self.misses.setdefault(label, refused(self._judge.tolerance, 0, detail))

    def _put_others_back(self) -> None:
        for one, kept in self._others:
            one.copy_(kept)
        self._versions = _versions(self._others)

    def _within(self, share: float) -> bool:
        return self._spent_s <= share * (self._now() - self._began)


def _versions(tensors: list[tuple[torch.Tensor, torch.Tensor]]) -> list[int]:
    """How often each first one was written to, as far as PyTorch counts it."""
    return [one._version for one, _ in tensors]  # noqa: SLF001  # there is no public name
