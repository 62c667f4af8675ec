"""Two results case by case: how much one takes of what the other took, and whether that is sure."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from opbench import catalog
from opbench.cli.output import drawn
from opbench.errors import UsageError
from opbench.vocabulary.interval import CONFIDENCE, Interval
from opbench.vocabulary.record import Measured

if TYPE_CHECKING:
    import pandas as pd

    from opbench.vocabulary.case import Case
    from opbench.vocabulary.record import Outcome, Record

ADVICE = (
    "the two were measured at different times, in which a machine may change by more than an interval tells; "
    "`opbench gate` has two revisions take turns, `opbench compare NAME --python A --python B` two environments"
)

CHANGING = frozenset({"load_average"})
"""What no two moments have in common."""


@dataclass(frozen=True)
class Row:
    """One case of both. ratio: of this one's median to the other's; None where one of them was not measured.

    reason: why there is no ratio, or why it decides nothing.
    decision: the verdict, where more than this interval decided it; "" where it is all there is.
    """

    case: str
    ratio: Interval | None
    reason: str = ""
    decision: str = ""

    @property
    def verdict(self) -> str:
        """`faster` or `slower` where the interval lies below or above 1, else `undecided`; `not measured`.

        What was measured beside other work is undecided.
        """
        if self.decision:
            return self.decision
        if self.ratio is None:
            return "not measured"
        if self.reason:
            return "undecided"
        if self.ratio.high < 1:
            return "faster"
        return "slower" if self.ratio.low > 1 else "undecided"


@dataclass(frozen=True)
class Difference:
    """rows: what changed most first. only_here, only_there: cases that one of the two has alone.

    circumstances: in what the two were measured differently, a line each.
    confidence: of the intervals. advice: what to make of the verdicts.
    independent: whether no two ratios come from the same processes.
    """

    rows: tuple[Row, ...]
    only_here: tuple[str, ...]
    only_there: tuple[str, ...]
    circumstances: tuple[str, ...] = ()
    confidence: float = CONFIDENCE
    advice: str = ADVICE
    independent: bool = True

    @classmethod
    def of(cls, here: Sequence[Record], there: Sequence[Record]) -> Difference:
        """Raises UsageError where they have no case in common."""
        first, second = ({record.case.key: record for record in records} for records in (here, there))
        common = [key for key in first if key in second]
        if not common:
            raise UsageError(
                f"the two have no case in common: one has {_some(first)}, the other {_some(second)}; expected results "
                "of the same callables at the same axes"
            )
        name = case_names([first[key].case for key in common])
        rows = by_change(_row(name(first[key].case), first[key].outcome, second[key].outcome) for key in common)
        only_here = tuple(key for key in first if key not in second)
        only_there = tuple(key for key in second if key not in first)
        one, other = ({**records[0].environment, "revision": records[0].revision} for records in (here, there))
        return cls(rows, only_here, only_there, tuple(differing(one, other)))

    @property
    def geometric_mean(self) -> Interval | None:
        """Of the ratios of what both measured, with the interval that theirs leave it; None where there is none.

        Relative half-widths of independent ratios add in quadrature, in logarithms, and the mean has their n-th part.
        Of others they are averaged: more than that they cannot come to, whatever the ratios have in common.
        """
        ratios = [row.ratio for row in self.rows if row.ratio is not None]
        if not ratios:
            return None
        count = len(ratios)
        middle = sum(math.log(ratio.mid) for ratio in ratios) / count
        add: Callable[[list[float]], float] = (lambda widths: math.hypot(*widths)) if self.independent else sum
        up = add([math.log(ratio.high / ratio.mid) for ratio in ratios]) / count
        down = add([math.log(ratio.mid / ratio.low) for ratio in ratios]) / count
        return Interval(math.exp(middle - down), math.exp(middle), math.exp(middle + up))

    @property
    def slower(self) -> tuple[Row, ...]:
        """The cases that are surely slower here."""
        return tuple(row for row in self.rows if row.verdict == "slower")

    @property
    def level(self) -> str:
        """The confidence of the intervals in words: `95 %`."""
        return f"{100 * self.confidence:g} %"

    @property
    def alone(self) -> list[str]:
        """What one of the two has and the other has not, a line each."""
        sides = (("here", self.only_here), ("there", self.only_there))
        return [f"only {where}: {', '.join(keys)}" for where, keys in sides if keys]

    def frame(self) -> pd.DataFrame:
        """One row a case: `case`, `ratio`, `low`, `high`, `verdict`."""
        import pandas as pd

        none = Interval(math.nan, math.nan, math.nan)
        values = [(row.case, *_ends(row.ratio or none), row.verdict) for row in self.rows]
        return pd.DataFrame(values, columns=["case", "ratio", "low", "high", "verdict"])

    def __str__(self) -> str:
        from rich import box
        from rich.table import Table

        table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
        for name in ("case", "ratio", self.level, "verdict"):
            table.add_column(name, justify="left" if name in {"case", "verdict"} else "right", overflow="fold")
        for row in self.rows:
            table.add_row(row.case, *ratio_cells(row.ratio), row.reason or row.verdict)
        mean = f"geometric mean {' '.join(ratio_cells(self.geometric_mean))}"
        return "\n".join([*self.circumstances, drawn(table, 120), mean, *self.alone, self.advice])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        shown: str = catalog.shown_by("pages.notebook_difference.html_difference")(self)
        return shown


def ratio_cells(ratio: Interval | None) -> tuple[str, str]:
    """A ratio and its interval as text; `-` where there is none."""
    return ("-", "") if ratio is None else (f"{ratio.mid:.3f}", f"[{ratio.low:.3f}, {ratio.high:.3f}]")


def differing(
    here: Mapping[str, Any], there: Mapping[str, Any], names: tuple[str, str] = ("here", "there")
) -> list[str]:
    """What differs of two environments: `threads: 2 here, 1 there`. names: what the two are called."""
    one, other = _flat(here), _flat(there)
    keys = [key for key in dict.fromkeys([*one, *other]) if key.split(".")[-1] not in CHANGING]
    return [
        f"{key}: {one.get(key, 'none')} {names[0]}, {other.get(key, 'none')} {names[1]}"
        for key in keys
        if one.get(key) != other.get(key)
    ]


def _flat(environment: Mapping[str, Any]) -> dict[str, str]:
    """Nested names joined by points."""
    flat: dict[str, str] = {}
    for name, value in environment.items():
        if isinstance(value, Mapping):
            flat |= {f"{name}.{inner}": text for inner, text in _flat(value).items()}
        else:
            flat[name] = str(value)
    return flat


def case_names(cases: Sequence[Case]) -> Callable[[Case], str]:
    """What tells each from the others: its backend, and of its point whatever all do not have in common."""

    def words(case: Case) -> dict[str, str]:
        point = case.point
        axes = {name: f"{name}={value}" for name, value in point.axes.items()}
        return {"": point.operator, **axes, "dtype": point.dtype, "mode": point.mode, "device": point.device}

    common = set.intersection(*(set(words(case).items()) for case in cases))
    return lambda case: " ".join(
        [case.label, *(word for name, word in words(case).items() if (name, word) not in common)]
    )


def _row(name: str, one: Outcome, other: Outcome) -> Row:
    if isinstance(one, Measured) and isinstance(other, Measured):
        disturbed = [where for each, where in ((one, "here"), (other, "there")) if each.contention]
        reason = f"contended {' and '.join(disturbed)}" if disturbed else ""
        return Row(name, one.interval.over(other.interval), reason)
    missing = [f"{type(each).__name__.lower()} {where}" for each, where in ((one, "here"), (other, "there"))]
    return Row(name, None, " and ".join(text for text in missing if not text.startswith("measured")))


def by_change(rows: Iterable[Row]) -> tuple[Row, ...]:
    """What changed most first, what has no ratio last."""
    return tuple(sorted(rows, key=lambda row: math.inf if row.ratio is None else -abs(math.log(row.ratio.mid))))


def _ends(interval: Interval) -> tuple[float, float, float]:
    return interval.mid, interval.low, interval.high


def _some(records: dict[str, Record]) -> str:
    return next(iter(records), "none")
