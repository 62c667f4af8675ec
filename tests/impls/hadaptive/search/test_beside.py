"""The table with the paper's confidences: cell by cell, in the order of the space."""

from __future__ import annotations

from typing import Any

import pytest

from impls.hadaptive.search import beside, confidence
from impls.hadaptive.search.spaces import reduced, search_space, usual_network
from impls.hadaptive.search.spaces.reported import reported


def rows(name: str, divisor: int = 1) -> list[dict[str, Any]]:
    space = search_space(name, reduced(usual_network(name), divisor), divisor)
    counts = [len(place.candidates) for place in space.places]
    shares = [[(1 + at) / (count * (count + 1) / 2) for at in range(count)] if count > 1 else [] for count in counts]
    return confidence.layers(space, shares)


@pytest.mark.parametrize("divisor", [1, 2])
def test_the_papers_figures_stand_in_parentheses_behind_ours(divisor: int) -> None:
    lines = [line.split() for line in beside.table(rows("kernels", divisor), reported("kernels")).splitlines()]
    assert lines[0] == ["Ghost", "Ghost", "ACH", "ACH", "ACH", "Blank"]
    assert lines[1] == ["channels", "2", "3", "3", "5", "7"]
    assert lines[6][1:] == ["-", "33%", "(24%)", "-", "67%*", "(76%*)", "-", "-"]
    assert lines[10][1:] == ["7%", "(20%)", "13%", "(17%)", "20%", "(23%*)", "27%", "(17%)", "-", "33%*", "(23%)"]
    assert lines[-1] == [f"{960 // divisor}", *["-"] * 6]


def test_what_the_paper_prints_as_below_a_hundredth_stays_so() -> None:
    text = beside.table(rows("norms"), reported("norms"))
    assert text.count("(<0.01%)") == 11
    assert "(99.97%*)" in text


def test_without_the_papers_it_is_ours_alone() -> None:
    assert beside.table(rows("published"), reported("published")) == confidence.table(rows("published"))


def test_another_spaces_figures_are_refused() -> None:
    with pytest.raises(ValueError, match="argument"):
        beside.table(rows("depth"), reported("sizes"))
