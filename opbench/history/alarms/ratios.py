"""Lines of ratios to a declared baseline: whose step says that the case moved, or only what it is compared with.

A figure such as "1.4 times as fast as PyTorch" falls when PyTorch gets faster. The ratio then steps, and the case's own
time does not. Which case is the baseline of which is declared by the name of a backend, and never guessed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from opbench.history.change_points import ChangePoint
from opbench.history.series import Series

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Values: TypeAlias = NDArray[np.float64]
    Places: TypeAlias = NDArray[np.int64]

HALF = 0.5
"""Share of a ratio's step from which on it is called the case's own."""

_ANY = "\0"
"""In the place of the backend."""

_PARAMETERS = re.compile(r"(.*::[^\[]*\[)(.*)(\])")


@dataclass(frozen=True)
class Compared:
    """case, baseline: of one machine. ratio: the case's time over the baseline's, at points that both have."""

    case: Series
    baseline: Series
    ratio: Series

    def moves(self, step: ChangePoint) -> tuple[float, float]:
        """By which factors the case and the baseline changed at a step of the ratio.

        Medians of the points between it and its neighbours: what is asked is who moved, not by exactly how much.
        """
        bounds = [0, *(one.at for one in self.ratio.steps), len(self.ratio)]
        place = bounds.index(step.at)
        begin, end = bounds[place - 1], bounds[place + 1]
        case, baseline = (
            float(np.median(values[step.at : end]) / np.median(values[begin : step.at]))
            for values in (self._own(self.case), self._own(self.baseline))
        )
        return case, baseline

    def is_own(self, step: ChangePoint) -> bool:
        """Whether the case itself made half of the step or more."""
        case, _ = self.moves(step)
        return float(np.log(case) / np.log(step.ratio.mid)) >= HALF

    def _own(self, series: Series) -> Values:
        return series.median_s[_at_points_of(series, self.ratio)]


def compared(every: Sequence[Series], baseline: str) -> Iterator[Compared]:
    """Every series that differs from one of the baseline's by its backend alone, beside it; of the same machine.

    baseline: a backend as cases' keys have it last, or as one of a test's parameters.
    """
    of_baseline = {
        (one.machine, pattern): one for one in every for name, pattern in _patterns(one.case) if name == baseline
    }
    for one in every:
        patterns = _patterns(one.case)
        if any(name == baseline for name, _ in patterns):
            continue
        for _, pattern in patterns:
            if (beside := of_baseline.get((one.machine, pattern))) is not None:
                if (ratio := _ratio(one, beside)) is not None:
                    yield Compared(one, beside, ratio)
                break


def backends(every: Sequence[Series]) -> list[str]:
    """Names that could be meant by a baseline."""
    return sorted({name for one in every for name, _ in _patterns(one.case)})


def _patterns(case: str) -> list[tuple[str, str]]:
    """Names in a case that may be a backend, each with the case without it."""
    if test := _PARAMETERS.fullmatch(case):
        before, inside, after = test.groups()
        words = inside.split("-")
        return [
            (word, before + "-".join([*words[:place], _ANY, *words[place + 1 :]]) + after)
            for place, word in enumerate(words)
        ]
    stem, slash, label = case.rpartition("/")
    return [(label, f"{stem}/{_ANY}")] if slash and "::" not in case else []


def _ratio(case: Series, baseline: Series) -> Series | None:
    own, beside = _keys(case), _keys(baseline)
    _, mine, theirs = np.intersect1d(own, beside, assume_unique=True, return_indices=True)
    if not len(mine):
        return None
    order = np.argsort(mine)
    mine, theirs = mine[order], theirs[order]
    return replace(
        case,
        commit=case.commit[mine],
        environment=case.environment[mine],
        median_s=case.median_s[mine] / baseline.median_s[theirs],
        low_s=case.low_s[mine] / baseline.high_s[theirs],
        high_s=case.high_s[mine] / baseline.low_s[theirs],
        processes=np.minimum(case.processes[mine], baseline.processes[theirs]),
        contended=case.contended[mine] | baseline.contended[theirs],
        noise=case.noise + baseline.noise,
    )


def _keys(series: Series) -> Places:
    """A number for each point, by commit and environment."""
    return series.commit * len(series.shared.environments) + series.environment


def _at_points_of(series: Series, ratio: Series) -> Places:
    """Indices in `series` of the points of `ratio`."""
    place = {int(key): at for at, key in enumerate(_keys(series))}
    return np.array([place[int(key)] for key in _keys(ratio)], dtype=np.int64)
