"""What every GPU backend moves and executes, for the command line: a table for each point, a row for each schedule."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich import box
from rich.console import Group
from rich.table import Table
from rich.text import Text

from opbench.cli.plain import plain
from opbench.vocabulary.case import Point
from opbench.vocabulary.simulated_count import NotCounted, SimulatedCount
from reports.data import units
from reports.data.grouping import grouped
from reports.layout.table_files import ABSENT

HEADS = (
    *("written\n/ least", "read\n/ least", "distinct\nwritten", "distinct\nread", "sectors\nwritten", "sectors\nread"),
    *("requests", "asked\nfor", "thread\ninstructions", "bank\nconflicts", "branches\nsplit"),
    *("registers\na thread", "shared\nbytes"),
)

MOVED = (
    "written, read / least: bytes of the sectors that all requests move, over the least that the call needs; distinct: "
    "each sector once a launch."
)
ASKED_FOR = "asked for: bytes that threads ask for over bytes of the sectors; over 100 %, threads share what they read."
NO_TIME = "Counted by executing the compiled PTX: no time; caches are not modelled."


def counts_table(counts: Sequence[SimulatedCount], missing: Sequence[NotCounted]) -> Group:
    """Tables, what was not counted and why, and what the figures are."""
    shown: list[Table | Text] = []
    for group in grouped(counts, lambda count: (count.case.point, count.architecture)).values():
        shown += [Text(plain(_head(group[0])), style="bold"), _table(group), Text()]
    asked = {count.case.point for count in counts} | {each.point for each in missing if each.point}
    shown += _absences(missing, len(asked))
    executed = "; ".join(dict.fromkeys(count.by for count in counts))
    notes = (MOVED, ASKED_FOR, f"{NO_TIME} Executed: {executed}.") if counts else ()
    return Group(*shown, *(Text(plain(note), style="dim") for note in notes))


def _absences(missing: Sequence[NotCounted], asked: int) -> Iterator[Text]:
    """A line for each reason and the points it was given at, with all backends of which that is so.

    asked: how many points there are; a reason that holds at every one names none.
    """
    of_backend = grouped(missing, lambda each: (each.backend, each.reason, each.faulty))
    points = {key: tuple(each.point for each in same if each.point) for key, same in of_backend.items()}
    for (reason, faulty, at), keys in grouped(points, lambda key: (*key[1:], points[key])).items():
        names = ", ".join(backend for backend, *_ in keys)
        kind = "FAULTY" if faulty else "not counted"
        where = "" if len(at) in {0, asked} else f" (at {len(at)} of {asked} points: {'; '.join(map(_at, at))})"
        yield Text(plain(f"{kind}: {names}: {reason}{where}"), style="bold red" if faulty else "")


def _at(point: Point) -> str:
    return f"{point.operator} ({point.axes}) {point.dtype} {point.mode}"


def _head(count: SimulatedCount) -> str:
    return f"{_at(count.case.point)} for {count.architecture}"


def _table(counts: Sequence[SimulatedCount]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    table.add_column("backend", no_wrap=True)
    for head in HEADS:
        table.add_column(head, justify="right", no_wrap=True)
    for count in counts:
        table.add_row(Text(plain(count.case.label)), *_cells(count))
    return table


def _cells(count: SimulatedCount) -> Iterator[str]:
    over = (
        *(count.written_over_least, count.read_over_least),
        *(count.distinct_written_over_least, count.distinct_read_over_least),
    )
    yield from (ABSENT if ratio is None else f"{ratio:.2f}" for ratio in over)
    yield from (f"{number:,}" for number in (count.sectors_written, count.sectors_read, count.requests))
    yield ABSENT if count.coalescing is None else units.percent(count.coalescing)
    yield f"{count.thread_instructions:,}"
    yield f"{count.conflicts:,}" if count.wavefronts else ABSENT
    yield ABSENT if count.divergence is None else units.percent(count.divergence)
    yield ABSENT if count.registers is None else _registers(count)
    yield f"{count.shared_bytes:,}" if count.shared_bytes else ABSENT


def _registers(count: SimulatedCount) -> str:
    return f"{count.registers}, spills" if count.spill_bytes else str(count.registers)
