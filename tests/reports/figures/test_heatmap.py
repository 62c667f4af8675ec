"""Red is A slower, the range never moves, noise is hatched, and nothing measured is never white."""

from __future__ import annotations

import re

import pytest
from matplotlib.colors import to_rgb

from opbench.vocabulary.interval import Interval
from opbench.vocabulary.record import Failed, Outcome, Record, Unavailable
from reports.data.contrast import contrast, difference, pairings
from reports.data.planes import planes
from reports.figures import heatmap
from reports.figures.heatmap import REPORT, colour, colour_bar, painted
from reports.figures.missing_cells import absences
from reports.layout.mosaic import MOST_PLANES, NOTHING, Tiles, mosaic
from reports.layout.style import styled
from reports.pages.page import PAGE

from ...drawing import given
from ...drawing import strategies as st
from ..builders import line, measured, record
from ..plane_builders import BATCHES, EDGES, constant, one_plane, over_plane

TIMES = st.floats(min_value=1e-9, max_value=1e3)


def sure(seconds: float) -> Interval:
    return Interval(seconds, seconds, seconds)


@given(TIMES, TIMES)
def test_the_difference_stays_within_the_range_and_changes_sign_with_the_sides(a: float, b: float) -> None:
    assert heatmap.LOWEST <= difference(sure(a), sure(b)) <= heatmap.HIGHEST
    assert difference(sure(a), sure(b)) == -difference(sure(b), sure(a))


@pytest.mark.parametrize(("times", "value"), [(1, 0), (2, 1 / 3), (3, 0.5), (0.5, -1 / 3), (1e9, 1)])
def test_twice_the_time_is_a_third_and_three_times_a_half(times: float, value: float) -> None:
    assert difference(sure(times * 1e-3), sure(1e-3)) == pytest.approx(value, abs=1e-8)


def test_a_slower_is_red_a_faster_is_blue_and_equal_is_white() -> None:
    red, green, blue = to_rgb(colour(0.6))
    assert red > max(green, blue) + 0.3
    red, green, blue = to_rgb(colour(-0.6))
    assert blue > red + 0.3
    assert min(to_rgb(colour(0))) > 0.95


def test_the_colours_span_minus_one_to_one_whatever_the_data() -> None:
    plane = one_plane(over_plane("a", constant(1.01e-6)), over_plane("b", constant(1e-6)))
    with styled():
        figure, panels = mosaic([painted(plane, contrast(plane, "a", "b"))], "A: a")
        bar = colour_bar(figure, panels)
    assert (bar.norm.vmin, bar.norm.vmax) == (-1, 1)
    assert bar.cmap(bar.norm(0.25)) == pytest.approx((*to_rgb(colour(0.25)), 1), abs=1 / 255)


def test_overlapping_intervals_are_undecided_and_others_are_not() -> None:
    near = one_plane(over_plane("a", constant(1.001e-6, 0.2)), over_plane("b", constant(1e-6, 0.2)))
    far = one_plane(over_plane("a", constant(2e-6)), over_plane("b", constant(1e-6)))
    assert contrast(near, "a", "b").undecided == set(near.cells)
    assert contrast(far, "a", "b").undecided == set()


def test_undecided_cells_are_for_neither_side() -> None:
    def second(batch: int, _: int) -> Outcome:
        return measured({1: 2e-6, 3: 0.5e-6, 5: 1e-6}[batch])

    plane = one_plane(over_plane("a", constant(1e-6)), over_plane("b", second))
    found = contrast(plane, "a", "b")
    assert (found.faster, found.slower, len(found.undecided)) == (4, 4, 4)


def test_a_missing_cell_is_grey_and_never_a_colour_of_the_range() -> None:
    plane = one_plane(
        over_plane("a", lambda batch, edge: Failed("check", "boom") if (batch, edge) == (3, 7) else measured()),
        over_plane("b", lambda batch, edge: None if (batch, edge) == (1, 29) else measured()),
    )
    tiles = painted(plane, contrast(plane, "a", "b"))
    assert tiles.grey == [(29, 1), (7, 3)]
    # A grey of this strength has no neighbour among the reds, blues and the white between them.
    near = [
        max(abs(x - y) for x, y in zip(to_rgb(NOTHING), to_rgb(colour(i / 100)), strict=True)) for i in range(-100, 101)
    ]
    assert min(near) > 0.05
    with styled():
        _, (panel,) = mosaic([tiles], "")
    assert to_rgb(NOTHING) in [patch.get_facecolor()[:3] for patch in panel.patches]


def test_grey_cells_are_counted_by_reason_in_the_caption() -> None:
    def first(batch: int, edge: int) -> Outcome:
        if edge == 29:
            return Unavailable(f"skipped: needs {batch * edge} GiB")
        return Failed("prepare", "ptxas") if (batch, edge) == (5, 1) else measured()

    records = [*over_plane("a", first), *over_plane("b", constant(1e-6))]
    (figure,) = REPORT.render(records)
    assert (
        "Grey, no comparison: 4 cells (3 cells, a unavailable: skipped: needs 29 GiB; "
        "1 cell, a failed in prepare: ptxas)."
    ) in figure.caption


def test_a_cell_nobody_has_asked_for_says_so() -> None:
    part = [*over_plane("a", constant(2e-6)), *over_plane("b", constant(1e-6))[:-1]]
    plane = one_plane(part)
    assert "1 cell (b without a record)" in absences([painted(plane, contrast(plane, "a", "b"))], ("a", "b"))


def test_without_grey_cells_nothing_is_said_of_them() -> None:
    assert absences([Tiles(one_plane(over_plane("a", constant(1e-6))), {})], ()) != ""
    (figure,) = REPORT.render([*over_plane("a", constant(2e-6)), *over_plane("b", constant(1e-6))])
    assert "Grey" not in figure.caption


def labelled(*labels: str) -> list[tuple[str, str]]:
    """Pairs of backends of which each is a little faster than the one before."""
    some = [over_plane(label, constant(1e-6 / (place + 1))) for place, label in enumerate(labels)]
    ((group),) = planes([one for records in some for one in records])
    return pairings(group)


@pytest.mark.parametrize(
    ("labels", "pairs"),
    [
        (["c:balanced", "c:direct"], [("c:direct", "c:balanced")]),
        (
            ["c:balanced", "c:blocked", "c:direct", "c:flat"],
            [("c:direct", "c:balanced"), ("c:balanced", "c:flat"), ("c:flat", "c:blocked")],
        ),
        (["c:flat", "c:direct"], [("c:direct", "c:flat")]),
        (["c:direct", "c:wavy"], [("c:direct", "c:wavy")]),
        (["a", "b", "c"], [("b", "c"), ("a", "c")]),
        (
            ["a:direct", "a:flat", "b:direct", "eager"],
            [("a:direct", "a:flat"), ("b:direct", "eager"), ("a:flat", "eager")],
        ),
        (["a", "a#2"], [("a", "a#2")]),
        (["a"], []),
    ],
)
def test_schedules_of_a_backend_meet_in_order_and_backends_meet_the_best(
    labels: list[str], pairs: list[tuple[str, str]]
) -> None:
    assert labelled(*labels) == pairs


def test_the_figure_names_both_sides_the_device_and_the_setting() -> None:
    (figure,) = REPORT.render([*over_plane("a:direct", constant(2e-6)), *over_plane("a:balanced", constant(1e-6))])
    assert figure.name == "figures/heatmap_a_direct_against_a_balanced.svg"
    assert figure.title == "a:direct against a:balanced"
    assert "Of 12 cells A is slower in 12 and faster in 0; 0 are hatched" in figure.caption
    assert "A takes 2.00× the time of B" in figure.caption


@pytest.mark.parametrize(
    "records",
    [
        [],
        line("a", [1e-6, 2e-6]),
        over_plane("a", constant(1e-6)),
        [*over_plane("a", constant(1e-6)), *over_plane("b", lambda *_: Failed("check", "x"))],
        [record()],
    ],
)
def test_without_a_plane_of_two_measured_backends_there_is_no_figure(records: list[Record]) -> None:
    assert REPORT.render(records) == []


def test_more_planes_than_fit_are_named_in_the_caption() -> None:
    records = [
        one
        for channels in range(3, 3 + MOST_PLANES + 1)
        for backend, time in (("a", 2e-6), ("b", 1e-6))
        for one in over_plane(backend, constant(time), range(1, 12), range(1, 12), channels)
    ]
    (figure,) = REPORT.render(records)
    assert f"{MOST_PLANES} of {MOST_PLANES + 1} planes are drawn" in figure.caption


def test_the_page_carries_the_figures_without_a_picture_inside() -> None:
    records = [*over_plane("a", constant(2e-6)), *over_plane("b", constant(1e-6))]
    page = PAGE(records, REPORT.render(records))
    assert page.count("<svg") == 1
    assert not re.search(r"<image\b|(?:href|src)=.data:", page)


def test_rendering_twice_gives_the_same_bytes() -> None:
    records = [*over_plane("a", constant(2e-6, 0.9)), *over_plane("b", constant(1e-6, 0.9), BATCHES, EDGES[:-1])]
    assert REPORT.render(records) == REPORT.render(records)
