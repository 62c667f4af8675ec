"""How near the limit each backend is, over all points of an operator: mean, best, worst, and what bounds it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from opbench.vocabulary.interval import Interval
from opbench.vocabulary.record import Record
from opbench.vocabulary.report import Artifact, Report
from reports.data.grouping import grouped
from reports.data.limits import ceilings_range, share, share_text
from reports.data.machine_records import besides_machine
from reports.data.naming import point_names
from reports.data.problems import left_out
from reports.data.ratios import mean_ratio
from reports.data.series import setting_of, settled
from reports.layout.table_files import TableCell, TableColumn, TableRow, interval_values, table_files

COLUMNS = (
    TableColumn("Operator", kind=""),
    TableColumn("Backend", kind=""),
    TableColumn("Mean", "geometric, with its 95 % interval"),
    TableColumn("Best", "at"),
    TableColumn("Worst", "at"),
    TableColumn("Bound by", "how often", kind=""),
    TableColumn("Points"),
)


@dataclass(frozen=True)
class BackendReach:
    """All cases of one backend of one operator in one setting.

    cases: record and the share of the limit that it reached; at least one.
    """

    operator: str
    setting: str
    backend: str
    cases: tuple[tuple[Record, Interval], ...]

    @property
    def mean(self) -> Interval:
        return mean_ratio([reached for _, reached in self.cases])

    @property
    def best(self) -> tuple[Record, Interval]:
        return max(self.cases, key=lambda case: case[1].mid)

    @property
    def worst(self) -> tuple[Record, Interval]:
        return min(self.cases, key=lambda case: case[1].mid)

    @property
    def bounds(self) -> list[tuple[str, int]]:
        """What binds and at how many points, the most frequent first."""
        return Counter(record.limit.bound_by for record, _ in self.cases if record.limit is not None).most_common()

    @property
    def most_often(self) -> str:
        """What binds at the most points; several where as many."""
        return ", ".join(bound for bound, count in self.bounds if count == self.bounds[0][1])


def reaches(records: Sequence[Record]) -> list[BackendReach]:
    """Gather cases by backend: operators in the order they came, their backends the nearest to the limit first."""
    cases = [(record, reached) for record in settled(records) if (reached := share(record)) is not None]
    operators = grouped(cases, lambda case: (case[0].case.point.operator, str(setting_of(case[0].case.point))))
    every_reach = []
    for key, group in operators.items():
        backends = grouped(group, lambda case: case[0].case.label)
        by_backend = [BackendReach(*key, backend, tuple(of_backend)) for backend, of_backend in backends.items()]
        every_reach += sorted(by_backend, key=lambda reach: -reach.mean.mid)
    return every_reach


def render(records: Sequence[Record]) -> list[Artifact]:
    """Make the table; [] where no record has a limit."""
    every_reach = reaches(besides_machine(records))
    if not every_reach:
        return []
    settings = {reach.setting for reach in every_reach}
    caption = (
        "The least time this machine can take over the median, over all points of an operator"
        f"{f' ({next(iter(settings))})' if len(settings) == 1 else ''}. "
        "What takes longest of moving the least bytes at the rate of the memory level they fit into, arithmetic, and "
        "launch, a call that does nothing, sets the limit; allocation, the page faults of fresh memory at their price, "
        f"is named where it takes longer still.{ceilings_range(records)}{left_out(records)}"
    )
    rows = [_row(reach, before, every_reach, several=len(settings) > 1) for before, reach in enumerate(every_reach, -1)]
    return table_files("limits", "How near the limit", caption, COLUMNS, rows)


def _row(reach: BackendReach, before: int, every_reach: Sequence[BackendReach], *, several: bool) -> TableRow:
    first = before < 0 or (every_reach[before].operator, every_reach[before].setting) != (reach.operator, reach.setting)
    name = point_names(record.case.point for backend_reach in every_reach for record, _ in backend_reach.cases)
    return TableRow(
        [
            TableCell(
                reach.operator if first else "",
                (reach.setting,) if several and first else (),
                {"operator": reach.operator, "setting": reach.setting},
            ),
            TableCell(reach.backend, values={"backend": reach.backend}),
            _mean(reach.mean),
            _extreme(*reach.best, name(reach.best[0].case.point), "best"),
            _extreme(*reach.worst, name(reach.worst[0].case.point), "worst"),
            _bound(reach),
            TableCell(str(len(reach.cases)), values={"points": len(reach.cases)}),
        ],
        first=first,
    )


def _mean(mean: Interval) -> TableCell:
    ends = f"{share_text(mean.low).removesuffix(' %')} to {share_text(mean.high)}"
    return TableCell(share_text(mean.mid), (ends,), interval_values("mean_fraction", mean), strong=True)


def _extreme(record: Record, reached: Interval, point: str, name: str) -> TableCell:
    values = {f"{name}_fraction": reached.mid, f"{name}_at": str(record.case.point.axes)}
    return TableCell(share_text(reached.mid), (point,) if point else (), values, tag=record.impossible)


def _bound(reach: BackendReach) -> TableCell:
    counts = ", ".join(f"{bound} at {count}" for bound, count in reach.bounds)
    values = {"bound_by": reach.most_often, "bound_at": reach.bounds[0][1]}
    return TableCell(reach.most_often, (counts,) if len(reach.bounds) > 1 else (), values)


REPORT = Report(
    about="per operator and backend the mean, best and worst share of the limit, and what bounds it most often",
    order=19,
    render=render,
)
