"""Two results case by case: how much one takes of what the other took, and whether that is sure."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from opbench.errors import UsageError
from opbench.vocabulary.interval import Interval, geometric_mean
from opbench.vocabulary.record import Measured

if TYPE_CHECKING:
    import pandas as pd

    from opbench.vocabulary.record import Record

ADVICE = (
    "the two were measured at different times, in which a machine may change by more than an interval tells; "
    "`opbench gate` has two revisions take turns"
)


@dataclass(frozen=True)
class Row:
    """One case of both. ratio: of this one's median to the other's; None where one of them was not measured."""

    case: str
    ratio: Interval | None
    reason: str = ""

    @property
    def verdict(self) -> str:
        """`faster` or `slower` where the interval lies below or above 1, else `undecided`; `not measured`."""
        if self.ratio is None:
            return "not measured"
        if self.ratio.high < 1:
            return "faster"
        return "slower" if self.ratio.low > 1 else "undecided"


@dataclass(frozen=True)
class Difference:
    """rows: what changed most first. only_here, only_there: cases that one of the two has alone."""

    rows: tuple[Row, ...]
    only_here: tuple[str, ...]
    only_there: tuple[str, ...]

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
        rows = sorted((_row(first[key], second[key]) for key in common), key=_by_change)
        only = [tuple(key for key in one if key not in other) for one, other in ((first, second), (second, first))]
        return cls(tuple(rows), *only)

    @property
    def geometric_mean(self) -> float:
        """Of the ratios of what both measured; NaN where there is none."""
        ratios = [row.ratio.mid for row in self.rows if row.ratio is not None]
        return geometric_mean(ratios) if ratios else math.nan

    def frame(self) -> pd.DataFrame:
        """One row a case: `case`, `ratio`, `low`, `high`, `verdict`."""
        import pandas as pd

        none = Interval(math.nan, math.nan, math.nan)
        values = [(row.case, *_ends(row.ratio or none), row.verdict) for row in self.rows]
        return pd.DataFrame(values, columns=["case", "ratio", "low", "high", "verdict"])

    def __str__(self) -> str:
        from rich import box
        from rich.console import Console
        from rich.table import Table

        table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
        for name in ("case", "ratio", "95 %", "verdict"):
            table.add_column(name, justify="right" if name in {"ratio", "95 %"} else "left", overflow="fold")
        for row in self.rows:
            ends = f"[{row.ratio.low:.3f}, {row.ratio.high:.3f}]" if row.ratio else ""
            table.add_row(row.case, f"{row.ratio.mid:.3f}" if row.ratio else "-", ends, row.reason or row.verdict)
        text = io.StringIO()
        Console(file=text, width=120, markup=False).print(table)
        alone = [
            f"only {where}: {', '.join(keys)}"
            for where, keys in (("here", self.only_here), ("there", self.only_there))
            if keys
        ]
        mean = f"geometric mean {self.geometric_mean:.3f}"
        return "\n".join([*(line.rstrip() for line in text.getvalue().splitlines()), mean, *alone, ADVICE])

    __repr__ = __str__


def _row(here: Record, there: Record) -> Row:
    name = f"{here.case.label} {here.case.point.axes}"
    one, other = here.outcome, there.outcome
    if isinstance(one, Measured) and isinstance(other, Measured):
        return Row(name, one.interval.over(other.interval))
    missing = [f"{type(each).__name__.lower()} {where}" for each, where in ((one, "here"), (other, "there"))]
    return Row(name, None, " and ".join(text for text in missing if not text.startswith("measured")))


def _by_change(row: Row) -> float:
    return math.inf if row.ratio is None else -abs(math.log(row.ratio.mid))


def _ends(interval: Interval) -> tuple[float, float, float]:
    return interval.mid, interval.low, interval.high


def _some(records: dict[str, Record]) -> str:
    return next(iter(records), "none")
