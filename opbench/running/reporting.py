"""From a run's records to its files: every report there is, and the page that puts them together."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from opbench import catalog, plugins
from opbench.ceilings.validation import with_limits
from opbench.errors import UsageError, describe_exception, unknown
from opbench.planning import plan_file
from opbench.process.garbage import uncollected
from opbench.running import side_by_side
from opbench.store import simulated_counts
from opbench.store.record_file import Group, Listing, RecordFile
from opbench.store.runs import Run
from opbench.vocabulary.record import Record
from opbench.vocabulary.report import Artifact, Collector, Report
from opbench.vocabulary.simulated_count import SimulatedCount

PAGE = "report.html"

MOST = 2000
"""Records that a page lists and draws: of 1,990 of the sweep `grid` it has 4.3 MB."""

_NAME = re.compile(r"([\w+-][\w.+-]*/)*[\w+-][\w.+-]*", re.ASCII)


@dataclass(frozen=True)
class Written:
    """A report that was written. records: those its page shows one by one; totals: of all, see `catalog.totals`."""

    page: Path
    records: list[Record]
    totals: Any

    @property
    def complete(self) -> bool:
        return bool(len(self.records) == self.totals.records)


@contextmanager
def _made_of_records(what: str) -> Iterator[None]:
    """Records may be whole and say what none of ours would, such as a size that their operator does not have."""
    try:
        yield
    except (ArithmeticError, LookupError, TypeError, ValueError) as exc:
        raise UsageError(
            f"{what} cannot be made of what these records hold ({type(exc).__name__}: {exc!s:.200}); leave out records "
            "that are not as they were written, or mend the report"
        ) from exc


def loaded_reports() -> tuple[dict[str, Report], list[str]]:
    """Every report in page order, and a line for each of another package's that cannot be loaded."""
    reports: dict[str, Report] = {}
    left_out: list[str] = []
    for name in catalog.reports():
        try:
            reports[name] = catalog.report(name)
        except UsageError as exc:
            left_out.append(str(exc))
    return dict(sorted(reports.items(), key=lambda item: item[1].order)), left_out


def artifacts_of(
    records: list[Record], reports: Mapping[str, Report], collected: Mapping[str, Collector], left_out: list[str]
) -> list[Artifact]:
    """What the reports make of the records, in page order; those that were collected, of all that they took.

    left_out: gets a line for each of another package's that cannot be made. Raises UsageError where one of ours cannot.
    """
    drawn = {}

    def first() -> None:
        """What needs no figure; the page's libraries are loaded while figures are drawn."""
        catalog.page()
        for name, collector in collected.items():
            with suppress(Exception):  # as what a process fails at: made again below, where it is told
                drawn[name] = collector.artifacts()

    each = [(name, one) for name, one in reports.items() if name not in collected]
    drawn |= side_by_side.made(each, records, first=first)
    made: list[Artifact] = []
    for name, report in reports.items():
        try:
            with _made_of_records(f"report {name!r}"):
                if name not in drawn:
                    drawn[name] = collected[name].artifacts() if name in collected else report.render(records)
                made += drawn[name]
        except Exception as exc:
            if not catalog.is_plugin("reports", name):
                raise
            left_out.append(f"{plugins.announced('reports')[name]} cannot be made: {describe_exception(exc)}")
    return made


def _told(lines: Sequence[str]) -> list[Artifact]:
    """What the page says of the reports that are missing on it."""
    if not lines:
        return []
    rows = "".join(f"<tr><td>{escape(line)}</td></tr>" for line in lines)
    return [
        Artifact("reports-left-out.html", "Reports left out", "Of other packages.", f"<table>{rows}</table>".encode())
    ]


def write_report(run: Run, backends: Sequence[str] = (), listing: Listing | None = None) -> Written:
    """Render every report of the run into its folder; the records are read once.

    listing: of the run's records as they are, where somebody has it.
    With backends named, only their records, into a folder of its own below the run's. Where there are more than MOST
    records, the page and its figures show those operators' that fit, the smallest first, and the totals of all.
    Counts of the PTX machine that lie beside the records (`store/simulated_counts.py`) are shown as a table.
    Raises UsageError when the run's records cannot be read or hold what no report can be made of, when neither they nor
    the counts have a named backend, when a report names a file that is none below the run's folder, and where a link
    would lead out of it; MachineError when a file cannot be written. Nothing is written before all names are known to
    be good.
    """
    records = run.listed() if listing is None else RecordFile.of(run.records_file, listing)
    counts = simulated_counts.read(run)
    folder = ""
    if backends:
        records = _only(records, backends, {count.case.backend for count in counts})
        counts = tuple(count for count in counts if count.case.backend in backends)
        folder = f"only/{slug('+'.join(backends))}/"
    try:
        with uncollected():
            shown, artifacts, totals, page = _made(records, counts, merged=_is_merged(run))
    except UsageError as exc:
        raise UsageError(f"{run.records_file}: {exc}") from exc
    for name in (PAGE, *(artifact.name for artifact in artifacts)):
        _check_place(run.folder, folder + name)
    for artifact in artifacts:
        run.write(folder + artifact.name, artifact.data)
    return Written(run.write(folder + PAGE, page), shown, totals)


def _is_merged(run: Run) -> bool:
    plan = plan_file.read(run)
    return plan is not None and plan.merged


def _made(
    records: RecordFile, counts: Sequence[SimulatedCount], *, merged: bool
) -> tuple[list[Record], list[Artifact], Any, bytes]:
    """The records that a page has room for, all artifacts, the totals and the page. Raises UsageError.

    merged: of several runs, whose kinds of environments then have a device each, and so a column, line and map each.
    """
    fitting = fitting_operators(records.counts)
    reports, left_out = loaded_reports()
    collected = {name: report.collect() for name, report in reports.items() if report.collect}
    totals, shown = catalog.totals(), []
    for record in with_limits(records.told_apart(merged=merged)):
        with _made_of_records("a summary"):
            for taker in (totals, *collected.values()):
                taker.add(record)
        if record.case.point.operator in fitting:
            shown.append(record)
    artifacts = artifacts_of(shown, reports, collected, left_out) + _traffic(counts) + _told(left_out)
    with _made_of_records("the page"):
        page = catalog.page()(shown, artifacts, None if len(shown) == totals.records else totals).encode()
    return shown, artifacts, totals, page


def _traffic(counts: Sequence[SimulatedCount]) -> list[Artifact]:
    if not counts:
        return []
    with _made_of_records("the table of traffic"):
        found: list[Artifact] = catalog.shown_by("tables.traffic_table.traffic_tables")(counts)
    return found


def fitting_operators(counts: Mapping[Group, int]) -> set[str]:
    """The operators whose records a page has room for, all of each, those of the fewest first."""
    sizes: Counter[str] = Counter()
    for (operator, _), count in counts.items():
        sizes[operator] += count
    fitting, room = set(), MOST
    for operator, size in sorted(sizes.items(), key=lambda one: one[1]):
        room -= size
        if room < 0:
            break
        fitting.add(operator)
    return fitting


def slug(name: str) -> str:
    """A name out of a record as a file's: letters, digits, `+`, `-` and `_`, so that it is no path, cut to 100."""
    return re.sub(r"[^A-Za-z0-9+-]+", "_", name)[:100]


def _check_place(folder: Path, name: str) -> None:
    """Raises UsageError where the name is not that of a file in or below the folder, itself or through a link."""
    if not _NAME.fullmatch(name):
        raise UsageError(f"a report names its file {name!r:.200}; expected words of letters, digits and ._+- between /")
    for above in (folder / name).parents:
        if above == folder:
            return
        if above.is_symlink():
            raise UsageError(
                f"{above} is a link to {above.readlink()}, and a report is written into its run's folder only; "
                "remove the link"
            )


def _only(records: RecordFile, backends: Sequence[str], counted: set[str]) -> RecordFile:
    known = {backend for _, backend in records.counts} | counted
    for name in backends:
        if name not in known:
            raise unknown("backend", name, known, "in this run")
    return records.only(lambda group: group[1] in backends)
