"""The environments of a page's records as a table: a column for each kind of device, one where there is one kind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from opbench.vocabulary.record import Record
from reports.data.grouping import grouped
from reports.pages.summary import environment


@dataclass(frozen=True)
class EnvironmentTable:
    """kinds: names of the devices, () where there is one. rows: a property's name, and what it is on each device; once
    where it is the same on all, "" where a device does not say.
    """

    kinds: tuple[str, ...]
    rows: tuple[tuple[str, tuple[str, ...]], ...]


def environment_table(records: Sequence[Record]) -> EnvironmentTable:
    """Make it; without rows for no records."""
    kinds = grouped(records, lambda record: record.case.point.device)
    columns = [dict(environment(of_kind)) for of_kind in kinds.values()]
    names = dict.fromkeys(name for column in columns for name in column)
    rows = ((name, tuple(column.get(name, "") for column in columns)) for name in names)
    return EnvironmentTable(
        tuple(kinds) if len(kinds) > 1 else (),
        tuple((name, values[:1] if len(set(values)) == 1 else values) for name, values in rows),
    )
