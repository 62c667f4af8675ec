"""A plane is two axes that vary while the rest is held; lines, crosses and scattered points are none."""

from __future__ import annotations

import pytest

from opbench.vocabulary.record import Record, Unavailable
from reports.data.planes import planes

from ..builders import line, measured, record
from ..plane_builders import BATCHES, EDGES, constant, one_plane, over_plane


def cube(channels: tuple[int, ...], batches: tuple[int, ...] = BATCHES, edges: tuple[int, ...] = EDGES) -> list[int]:
    """How many cells each plane of a full product of three axes has."""
    records = [one for n in channels for one in over_plane("a", constant(1e-6), batches, edges, n)]
    return [len(plane.asked) for group in planes(records) for plane in group]


def test_the_later_axis_of_the_operator_runs_along_x() -> None:
    plane = one_plane(over_plane("a", constant(1e-6)))
    assert (plane.x, plane.y) == ("edge", "batch")
    assert (plane.columns, plane.rows) == (EDGES, BATCHES)
    assert plane.ground == "channels=64"


def test_an_axis_held_at_zero_goes_unsaid() -> None:
    records = [record(batch=batch, edge=edge, channels=5, selected=0) for batch in BATCHES for edge in EDGES]
    assert one_plane(records).ground == "channels=5"


@pytest.mark.parametrize("records", [[], line("a", [1e-6] * 7), over_plane("a", constant(1e-6), batches=(1, 3))])
def test_two_rows_or_a_line_are_no_plane(records: list[Record]) -> None:
    assert planes(records) == []


def test_planes_that_cross_leave_no_stray_row_in_each_other() -> None:
    down = over_plane("a", constant(1e-6), batches=(1, 3, 5), channels=64)
    across = [record(batch=1, channels=channels, edge=edge) for channels in (3, 7, 11) for edge in (2, 4, 6)]
    (group,) = planes([*down, *across])
    assert [(plane.y, plane.rows, plane.columns) for plane in group] == [
        ("batch", (1, 3, 5), EDGES),
        ("channels", (3, 7, 11), (2, 4, 6)),
    ]


def test_an_interrupted_plane_keeps_a_row_that_is_half_there_and_no_less() -> None:
    whole = over_plane("a", constant(1e-6), batches=(1, 3, 5, 7))
    assert (len(one_plane(whole[:-2]).cells), len(one_plane(whole[:-2]).asked)) == (16, 14)
    assert len(one_plane(whole[:-3]).cells) == 12


def test_where_three_axes_vary_together_every_point_is_shown_once() -> None:
    assert cube(channels=(3, 5)) == [12, 12]
    assert sum(cube(channels=(3, 5, 7))) == 36


def test_dtypes_are_planes_of_their_own() -> None:
    both = [*over_plane("a", constant(1e-6)), *over_plane("a", constant(1e-6), dtype="bfloat16")]
    assert [len(group) for group in planes(both)] == [1, 1]


def test_a_case_measured_again_counts_with_its_last_record() -> None:
    first = over_plane("a", lambda *_: Unavailable("no compiler"))
    plane = one_plane(first, over_plane("a", lambda *_: measured(3e-6)))
    assert [time.mid for time in plane.times["a"].values()] == [pytest.approx(3e-6)] * 12
