"""A Report is a pure function from records to one figure or table; the Page puts them all together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

from opbench.vocabulary.record import Record


@dataclass(frozen=True)
class Artifact:
    """One file of a report.

    name: file name under the run's folder, such as `figures/latency.svg` or `table.csv`.
    title, caption: what the page shows above and below it; figures say what is plotted, units included.
    data: the file. The page shows an `.svg` as a figure, and an `.html`, a `<table>` whose text is escaped, as it is.
    """

    name: str
    title: str
    caption: str
    data: bytes

    @property
    def is_figure(self) -> bool:
        return self.name.endswith(".svg")

    @property
    def is_table(self) -> bool:
        return self.name.endswith(".html")


class Collector(Protocol):
    """Takes a run's records one by one, and keeps little of each."""

    def add(self, record: Record) -> None: ...

    def artifacts(self) -> list[Artifact]: ...


@dataclass(frozen=True)
class Report:
    """A report file assigns one of these to `REPORT`.

    render(records): the artifacts; an empty list where the records hold nothing this report shows.
    order: position on the page, low first.
    collect: for a report of any number of records, which takes them one by one. It is asked for its artifacts of all of
        a run, where `render` gets as many as a page has room for.
    cost: seconds of a processor that it takes of a run with much for it, 0 for next to nothing. Where several processes
        make the reports, those of most are begun first; ours are of 130 records of `cpu_kernels` and 66 of `channels`
        on an EPYC 9004.
    """

    about: str
    order: int
    render: Callable[[Sequence[Record]], list[Artifact]] = field(repr=False)
    collect: Callable[[], Collector] | None = field(default=None, repr=False)
    cost: float = 0.0


Page: TypeAlias = "Callable[[Sequence[Record], Sequence[Artifact], Any], str]"
"""A page file assigns one of these to `PAGE`: one self-contained HTML text from records and artifacts, and from what
`catalog.totals` took of all records where those are too many to be shown one by one, else None."""
