"""The fastest is named only where the measurement can tell, and nobody wins alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from opbench.vocabulary.record import Failed, Outcome
from reports.data.contrast import standings
from reports.figures.winners import COLOURS, OTHERS, REPORT, Win, colour_of, tallies, winners

from ..builders import measured
from ..plane_builders import OutcomeOf, constant, one_plane, over_plane


def by_batch(**times: float) -> OutcomeOf:
    """A latency for each batch: `b1=1e-6, b3=2e-6, b5=3e-6`."""
    return lambda batch, _: measured(times[f"b{batch}"])


FIRST, SECOND = by_batch(b1=1e-6, b3=2e-6, b5=1e-6), by_batch(b1=3e-6, b3=1e-6, b5=1.0001e-6)
"""First is three times ahead at batch 1, second twice at batch 3, and batch 5 is open."""


def test_the_winner_has_the_least_median_and_its_advantage_is_over_the_runner_up() -> None:
    plane = one_plane(over_plane("a", FIRST), over_plane("b", SECOND), over_plane("c", constant(9e-6)))
    found = winners(plane)
    assert [(win.label, win.decided) for win in (found[7, 1], found[7, 3])] == [("a", True), ("b", True)]
    assert [win.advantage for win in (found[7, 1], found[7, 3])] == pytest.approx([3, 2])
    assert not found[7, 5].decided


def test_an_uncertain_third_leaves_the_cell_open_as_well() -> None:
    plane = one_plane(
        over_plane("a", constant(1e-6)), over_plane("b", constant(1.1e-6)), over_plane("c", constant(1.2e-6, 0.9))
    )
    assert not any(win.decided for win in winners(plane).values())


def test_nobody_wins_alone() -> None:
    def outcome(_: int, edge: int) -> Outcome:
        return Failed("check", "x") if edge == 7 else measured(2e-6)

    plane = one_plane(over_plane("a", constant(1e-6)), over_plane("b", outcome))
    assert len(winners(plane)) == 9
    assert REPORT.render(over_plane("a", constant(1e-6))) == []


def test_shares_and_advantages_count_only_decided_cells() -> None:
    plane = one_plane(over_plane("a", FIRST), over_plane("b", SECOND))
    first, second = tallies(list(winners(plane).values()))
    assert (first.cells, first.share, second.cells, second.share) == (4, 0.5, 4, 0.5)
    assert str(first) == "a: 50 %, 3.00× ahead"
    assert str(second) == "b: 50 %, 2.00× ahead"


def test_who_leads_only_in_open_cells_is_named_with_no_share() -> None:
    (only,) = tallies([Win("a", 1.001, decided=False)])
    assert str(only) == "a: 0 %"


def test_the_most_frequent_winners_have_colours_of_their_own_and_the_rest_share_one() -> None:
    wins = [Win(f"s{number}", 2, decided=True) for number in range(11) for _ in range(11 - number)]
    colours = colour_of(tallies(wins))
    assert [colours[f"s{number}"] for number in range(len(COLOURS))] == list(COLOURS)
    assert {colours[f"s{number}"] for number in range(len(COLOURS), 11)} == {OTHERS}
    assert len({*COLOURS, OTHERS}) == len(COLOURS) + 1


def test_a_backend_has_one_colour_on_every_device() -> None:
    """The first wins everywhere on one and nowhere on the other, where it would not have the first colour."""
    here = [*over_plane("a", constant(1e-6)), *over_plane("b", constant(2e-6)), *over_plane("c", constant(9e-6))]
    there = [*over_plane("a", constant(9e-6)), *over_plane("b", SECOND), *over_plane("c", FIRST)]
    moved = [replace(one, case=replace(one.case, point=replace(one.case.point, device="cuda"))) for one in there]
    figures = REPORT.render([*here, *moved])
    assert len(figures) == 2
    blue = COLOURS[0].lower().encode()
    assert [figure.data.count(blue) > 0 for figure in figures] == [True, False]
    assert [figure.data.count(blue) > 0 for figure in REPORT.render(moved)] == [True]


def test_the_best_for_all_cells_is_the_one_least_behind_in_geometric_mean() -> None:
    plane = one_plane(over_plane("a", FIRST), over_plane("b", SECOND), over_plane("c", constant(1.5e-6)))
    first, *_ = standings([plane])
    assert first.label == "a"
    assert first.mean == pytest.approx(2 ** (1 / 3))
    assert first.worst == pytest.approx(2)
    assert first.worst_cell[1] == 3


def test_the_caption_says_what_is_decided_and_which_one_would_do_everywhere() -> None:
    (figure,) = REPORT.render([*over_plane("a", FIRST), *over_plane("b", SECOND)])
    assert figure.name == "figures/winners.svg"
    assert "8 of 12 cells are decided" in figure.caption
    assert "ahead of the runner-up by 2.45× in geometric mean" in figure.caption
    assert "One for all cells: a takes 1.26× the fastest's time in geometric mean, 2.00× at worst (batch=3" in (
        figure.caption
    )


def test_a_run_without_a_plane_has_no_winner_map() -> None:
    assert REPORT.render([*over_plane("a", FIRST, (1, 3)), *over_plane("b", SECOND, (1, 3))]) == []
    assert REPORT.render([]) == []


def test_where_all_is_open_no_share_is_made_up() -> None:
    (figure,) = REPORT.render([*over_plane("a", constant(1e-6, 0.5)), *over_plane("b", constant(1e-6, 0.5))])
    assert "0 of 12 cells are decided" in figure.caption
    assert "ahead of the runner-up" not in figure.caption
