"""Work is drawn once per operator and point, and the caption says whether all accounts of it agree."""

from __future__ import annotations

from itertools import product

from opbench.vocabulary.record import Unavailable
from reports.figures.complexity import MOST_FIGURES, REPORT, plots
from reports.models.agreement import agreement

from ..builders import record

RIGHT = {"macs": 1000, "products": 200, "elementwise": 50}


def test_counts_equal_to_the_formula_are_said_to_be_equal() -> None:
    assert agreement([record(counts={"torch": RIGHT})]) == "torch counts exactly the formula at 1 point."


def test_a_count_that_differs_is_shouted_with_its_point() -> None:
    said = agreement([record(counts={"torch": RIGHT | {"products": 0}}, channels=8)])
    assert said == "torch DIFFERS from the formula at 1 of 1 point, first at rowsum(channels=8)."


def test_a_counter_without_a_count_gives_its_reason() -> None:
    assert "fvcore has no count: not installed." in agreement([record(counts={"fvcore": "not installed\nat all"})])


def test_counters_that_differ_from_each_other_are_named_with_their_numbers() -> None:
    same, wrong = {"fvcore": RIGHT, "torch": RIGHT}, {"fvcore": RIGHT, "torch": RIGHT | {"macs": 360}}
    said = agreement([record(counts=same), record(counts=wrong, channels=7), record(macs=None, counts=wrong)])
    assert (
        "The counters DIFFER from each other at 2 points, first at rowsum(channels=7): "
        "fvcore and torch differ in macs: 1000 and 360." in said
    )
    assert "from each other" not in agreement([record(counts=same)])


def test_work_is_drawn_for_cases_that_could_not_be_measured() -> None:
    assert len(REPORT.render([record(Unavailable("no device"))])) == 1


def test_an_operator_that_could_not_say_its_work_is_not_drawn() -> None:
    assert REPORT.render([record(macs=None)]) == []


def test_a_record_with_counts_is_preferred() -> None:
    (plot,) = plots([record(backend="a"), record(backend="b", counts={"torch": RIGHT})])
    assert plot.lines["rowsum"][16].counts == {"torch": RIGHT}


def test_work_of_zero_can_be_drawn_beside_other_work() -> None:
    records = [record(channels=channels, macs=channels - 1) for channels in (1, 2, 3)]
    assert len(REPORT.render(records)) == 1


def test_figures_are_few_and_their_captions_say_so() -> None:
    records = [record(edge=edge, channels=channels) for edge, channels in product(range(1, 8), range(1, 9))]
    found = REPORT.render(records)
    assert len(found) == MOST_FIGURES
    assert f"{MOST_FIGURES} of 7 figures are drawn" in found[0].caption
