"""The terminal's table of counts: every figure of a row, and what is not known of it."""

from __future__ import annotations

from dataclasses import replace
from io import StringIO

from rich.console import Console

from opbench.vocabulary.simulated_count import NotCounted, SimulatedCount
from reports.terminal.simulated_counts_table import counts_table
from tests.counts import count


def shown(*counts: SimulatedCount, missing: tuple[NotCounted, ...] = ()) -> list[str]:
    console = Console(file=StringIO(), width=160, highlight=False)
    console.print(counts_table(counts, missing))
    assert isinstance(console.file, StringIO)
    return console.file.getvalue().splitlines()


def row(name: str, lines: list[str]) -> list[str]:
    (line,) = (line for line in lines if line.startswith(name))
    return line.split()


def test_a_row_has_ratios_sectors_requests_and_shares() -> None:
    found = row("triton_jit:flat", shown(replace(count(), wavefronts=9, conflicts=2, shared_bytes=1024)))
    ratios, sectors = ["1.20", "2.40", "1.00", "1.00"], ["12", "24"]
    rest = ["17", "43", "%", "4,013", "2", "25", "%", "37", "1,024"]  # 500 of 36 sectors; one branch of four
    assert found == ["triton_jit:flat", *ratios, *sectors, *rest]


def test_what_is_not_known_is_a_dash_and_spilling_is_said() -> None:
    unknown = replace(count(), least_read_bytes=0, registers=None, spill_bytes=None)
    found = row("triton_jit:flat", shown(unknown))
    assert (found[2], found[-2:]) == ("–", ["–", "–"])
    assert "37, spills" in "".join(shown(replace(count(), spill_bytes=8)))


def test_points_have_a_table_each_and_reasons_are_told_once() -> None:
    three, five = count(channels=3), count(channels=5)
    points = [each.case.point for each in (three, five)]
    absent = [NotCounted(name, "no compiler", point=point) for point in points for name in "ba"]
    faulty = NotCounted("c", "a race", faulty=True, point=points[1])
    missing = (NotCounted("d", "by name"), *absent, faulty, NotCounted("a", "too large", point=points[0]))
    lines = shown(three, five, missing=missing)
    heads = [line for line in lines if line.startswith("rowsum")]
    assert heads == [f"rowsum (channels={channels}) float32 forward for sm_90" for channels in (3, 5)]
    assert "not counted: b, a: no compiler" in lines
    assert "FAULTY: c: a race (at 1 of 2 points: rowsum (channels=5) float32 forward)" in lines
    assert "not counted: a: too large (at 1 of 2 points: rowsum (channels=3) float32 forward)" in lines
    assert "not counted: d: by name" in lines
    assert lines[-1] == (
        "Counted by executing the compiled PTX: no time; caches are not modelled. Executed: somebody's PTX."
    )
