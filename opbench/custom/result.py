"""What a comparison came to: a table and a figure where one looks at it, a frame, records, and what is saved."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from opbench import catalog
from opbench.ceilings.validation import with_limits
from opbench.cli.output import drawn
from opbench.custom.difference import Difference
from opbench.errors import UsageError
from opbench.running.reporting import write_report
from opbench.store.runs import find_run, new_run

if TYPE_CHECKING:
    import pandas as pd

    from opbench.vocabulary.record import Record

RESULTS = Path("results")
"""Where commands keep their runs, below the folder they are called in."""


@dataclass(frozen=True)
class Figure:
    """A figure as SVG, which a notebook shows."""

    title: str
    caption: str
    svg: bytes

    def _repr_svg_(self) -> str:
        return self.svg.decode()

    def save(self, path: str | Path) -> Path:
        """Write it as a file, such as `gelu.svg`."""
        Path(path).write_bytes(self.svg)
        return Path(path)


class Result(Sequence[Any]):
    """The records of one run, in the order they were measured.

    notes: what there was to say while it was measured.
    """

    def __init__(self, records: Sequence[Record], notes: Sequence[str] = ()) -> None:
        self._records = tuple(with_limits(records))
        self.notes = tuple(notes)

    def __len__(self) -> int:
        return len(self._records)

    def __getitem__(self, place: Any) -> Any:
        return self._records[place]

    def __iter__(self) -> Iterator[Record]:
        return iter(self._records)

    @property
    def records(self) -> tuple[Record, ...]:
        return self._records

    @property
    def environment(self) -> Mapping[str, Any]:
        """Where it was measured: machine, versions, threads. Of the first record, and empty where there is none."""
        return self._records[0].environment if self._records else {}

    @cached_property
    def _frame(self) -> pd.DataFrame:
        found: pd.DataFrame = catalog.shown_by("tables.table.frame")(self._records)
        return found

    def frame(self) -> pd.DataFrame:
        """One row a case in SI units, which are in the columns' names; what was not measured is missing."""
        return self._frame.copy()

    def plot(self, x: str | None = None) -> Figure:
        """The latency of every callable with its 95 % interval.

        x: the axis that runs along; the one with the most values where it is left out.
        Raises UsageError for an axis that is none of numbers, and where nothing was measured.
        """
        figures = catalog.shown_by("figures.latency.along")(self._records, x)
        if not figures:
            raise UsageError("nothing was measured that could be drawn; the table says why")
        return Figure(figures[0].title, figures[0].caption, figures[0].data)

    def save(self, name: str, results: str | Path = RESULTS) -> Path:
        """Keep records and report below `results/NAME`, where commands and `opbench.load(NAME)` find them."""
        run = new_run(Path(results), name)
        run.append(self._records)
        if self._records:
            write_report(run)
        return run.folder

    def against(self, other: Result) -> Difference:
        """How much each case takes of what it took in the other result.

        Raises UsageError where the two have no case in common.
        """
        return Difference.of(self._records, other.records)

    def __str__(self) -> str:
        table = catalog.shown_by("terminal.results_table.terminal_table")(self._records)
        return "\n".join([drawn(table, min(120, shutil.get_terminal_size().columns)), *self.notes])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        figures = catalog.shown_by("figures.latency.along")(self._records, None) if self._records else []
        shown: str = catalog.shown_by("pages.notebook_table.html_results")(self._records, self.notes, figures)
        return shown


def load(run: str | Path, results: str | Path = RESULTS) -> Result:
    """The result of a run: by its folder, by `NAME` (the newest of that name) or `NAME/RUN` below `results`.

    Raises UsageError where there is none, or a record of it cannot be read.
    """
    return Result(find_run(Path(results), str(run)).records())
