"""When to stop sampling: an interval narrow enough, a noise level that makes waiting pointless, or no time left.

A rule is asked after every round with all samples so far. It answers with the reason to stop, or None. The three
reasons are part of the record: only `target` says that the figure is as sure as was asked for.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from opbench.vocabulary.interval import median_interval

TARGET, SETTLED, BUDGET = "target", "settled", "budget"

FEWEST = 6
"""Below six samples not even their extremes enclose the median with 95 % confidence (1 - 2 / 2**n)."""

WINDOW = 5
STEADY = 0.1


class Stopping(Protocol):
    def reason(self, samples: Sequence[float], spent_s: float, *, last: bool = False) -> str | None:
        """Why sampling of one launch may end after `spent_s` seconds of its samples, or None to go on.

        A reason may be withdrawn by later samples. `last` asks for a look now: sampling ends if there is a reason.
        """
        ...


@dataclass
class Precision:
    """Stop when the 95 % interval of the median is narrower than `target` (full width over the median).

    The interval is looked at when the number of samples has grown by a tenth, not after each one: peeking at
    every sample stops too early by luck more often. Its width falls with the square root of the count, so
    width * sqrt(count) is the noise level. Once that has settled (the last WINDOW looks within 10 %) and says
    that the target lies beyond the budget, waiting for the budget's end cannot reach it: stop as `settled`. Half the
    budget is always spent, because until then more samples still narrow the interval by a third or more.

    budget_s: seconds of samples for this launch. minimum: the fewest samples ever looked at; a launch too slow for
    them ends after twice the budget and FEWEST samples.
    """

    target: float = 0.02
    budget_s: float = 0.5
    minimum: int = 15
    _next_look: int = 0
    _verdict: str | None = None
    _noise: deque[float] = field(default_factory=lambda: deque(maxlen=WINDOW))

    def reason(self, samples: Sequence[float], spent_s: float, *, last: bool = False) -> str | None:
        count = len(samples)
        if count < self.minimum:
            return BUDGET if spent_s >= 2 * self.budget_s and count >= FEWEST else None
        if last or count >= self._next_look:
            self._next_look = count + max(1, count // 10)
            self._verdict = self._look(samples, spent_s)
        return self._verdict

    def _look(self, samples: Sequence[float], spent_s: float) -> str | None:
        count = len(samples)
        width = median_interval(samples).relative_width
        if width <= self.target:
            return TARGET
        if spent_s >= self.budget_s:
            return BUDGET
        self._noise.append(width * count**0.5)
        return SETTLED if self._hopeless(count, spent_s) else None

    def _hopeless(self, count: int, spent_s: float) -> bool:
        if (
            spent_s < self.budget_s / 2
            or len(self._noise) < WINDOW
            or max(self._noise) > (1 + STEADY) * min(self._noise)
        ):
            return False
        samples_needed = (self._noise[-1] / self.target) ** 2
        return samples_needed * (spent_s / count) > self.budget_s
