"""A launch in a process of its own takes turns with its rivals in theirs: the worker's side of `isolation.py`.

The parent lets one process go at a time. After each sample the worker says whether its launch could stop, and waits
until the parent lets it go again: for another sample, for a last look at its samples, or because all of them may stop.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from opbench.measure.timing.sampler import Samples
from opbench.measure.timing.stopping import Stopping

Exchange = Callable[[dict[str, Any]], dict[str, Any]]
"""Tells the parent what the last turn was, and returns what it says when the next one begins."""


@dataclass
class Turns:
    """The turns of one launch.

    exchange: see `Exchange`.

    The parent is told:
    stopped: the reason to stop, or "".
    spent_s: seconds of samples so far.
    claimed_s: seconds that all calls of the turn took by this process's clock, the leading one included; None for a
        sample that was set aside.

    It says:
    mean_s: mean over rivals of `spent_s`.
    look: whether the next turn is to end with a look at all samples.
    over: whether sampling ends without another turn.
    rivals_s: processor time of the parent and the rivals' processes so far.
    """

    exchange: Exchange
    rivals_s: float = 0.0
    mean_s: float = 0.0
    look: bool = False
    over: bool = False
    _begun: bool = False
    _samples: Samples | None = field(default=None, repr=False)

    def observe(self, phase: str, samples: Samples) -> bool:
        """Before a warm-up call or a sample: the first sample waits for its turn, the others have it.

        Whether it waited; all rivals are prepared then.
        """
        self._samples = samples
        if phase != "sampling" or self._begun:
            return False
        self._begun = True
        self._wait("", 0.0, None)
        return True

    def ended(self, stopped: str, spent_s: float, sampled: bool) -> None:
        """After a turn: tell what it was, and wait for the next one or the end."""
        samples = self._samples
        claimed_s = None
        if sampled and samples is not None and samples.samples_s:
            claimed_s = samples.samples_s[-1] * (samples.calls + 1)
        self._wait(stopped, spent_s, claimed_s)

    def _wait(self, stopped: str, spent_s: float, claimed_s: float | None) -> None:
        told = self.exchange({"stopped": stopped, "spent_s": spent_s, "claimed_s": claimed_s})
        self.mean_s, self.look, self.over = told["mean_s"], told["look"], told["over"]
        self.rivals_s = told["rivals_s"]


@dataclass
class JointStopping:
    """A stopping rule whose launch stops together with its rivals in other processes."""

    rule: Stopping
    turns: Turns
    _count: int = 0
    _reason: str | None = None

    def reason(self, samples: Sequence[float], spent_s: float, *, last: bool = False) -> str | None:
        """As `Stopping.reason`; asked after a turn it returns only when the next one begins, or all may stop."""
        if last:  # looked at already, when the parent asked all of them to
            return self._reason
        spent_s = max(spent_s, self.turns.mean_s)
        self._reason = self.rule.reason(samples, spent_s, last=self.turns.look)
        self.turns.ended(self._reason or "", spent_s, sampled=len(samples) > self._count)
        self._count = len(samples)
        return self._reason if self.turns.over else None
