"""The confidence table has the form of the paper's: which columns, which rows, what is marked."""

from __future__ import annotations

import pytest

from impls.hadaptive.search import confidence
from impls.hadaptive.search.space import Space
from impls.hadaptive.search.spaces import search_space, usual_network

from .toys import SPACE


def uniform(space: Space) -> list[list[float]]:
    counts = [len(place.candidates) for place in space.places]
    return [[1 / count] * count if count > 1 else [] for count in counts]


def heads(name: str) -> list[str]:
    space = search_space(name, usual_network(name))
    found = confidence.columns(confidence.layers(space, uniform(space)))
    return [f"{group} {detail}".strip() for group, detail in found]


@pytest.mark.parametrize(
    ("name", "columns"),
    [
        ("norms", ["Ghost", "ACH DyAlge", "ACH DySig", "ACH DySoft"]),
        ("kernels", ["Ghost 2", "Ghost 3", "ACH 3", "ACH 5", "ACH 7", "Blank"]),
        ("sizes", ["ACH 16-3", "ACH 16-5", "ACH 32-3", "ACH 48-3"]),
        ("depth", ["ACH 16", "ACH 32", "ACH 48", "Blank"]),
        (
            "full",
            [
                *[f"Ghost {kernel}" for kernel in (2, 3, 5, 7)],
                *[f"ACH {k}-{kernel}" for k in (16, 32) for kernel in (2, 3, 5, 7)],
                "Blank",
            ],
        ),
    ],
)
def test_a_column_is_named_by_what_differs_within_a_layer(name: str, columns: list[str]) -> None:
    assert heads(name) == columns


@pytest.mark.parametrize("name", ["norms", "kernels", "sizes", "depth", "full"])
def test_every_candidate_of_a_layer_has_a_column_of_its_own(name: str) -> None:
    space = search_space(name, usual_network(name))
    for row, place in zip(confidence.layers(space, uniform(space)), space.places, strict=False):
        names = {(one["group"], one["detail"]) for one in row["candidates"]}
        assert len(names) == (len(place.candidates) if place.searched else 0)


def test_rows_are_the_networks_layers_and_the_convolution_before_the_classifier() -> None:
    space = search_space("depth", usual_network("depth"))
    rows = confidence.layers(space, uniform(space))
    assert [row["channels"] for row in rows] == [32, 48, 32, 64, 64, *[96] * 6, *[128] * 6, 960]
    assert [at for at, row in enumerate(rows) if row["stride"] == 2] == [0, 1, 3, 5, 11]
    assert [row["chosen"] for row in rows] == [None] * 6 + [0] * 5 + [None] + [0] * 5 + [None]


def test_the_table_marks_the_likeliest_and_dashes_what_was_not_searched() -> None:
    rows = confidence.layers(SPACE, [[], [0.004, 0.2, 0.796], [0.5001, 0.4999], [0.0049999, 0.005, 0.9900001]])
    lines = [line.split() for line in confidence.table(rows).splitlines()]
    assert lines[0] == ["Ghost", "ACH", "ACH", "ACH", "Blank"]
    assert lines[1] == ["channels", "2", "3", "4"]
    assert lines[2:] == [
        ["7", "-", "-", "-", "-", "-"],
        ["7", "<1%", "-", "20%", "-", "80%*"],
        ["5", "/2", "50%*", "-", "-", "50%", "-"],
        ["5", "-", "<1%", "1%", "-", "99%*"],
        ["11", "-", "-", "-", "-", "-"],
    ]


def test_the_tables_columns_are_aligned() -> None:
    text = confidence.table(confidence.layers(SPACE, uniform(SPACE))).splitlines()
    ends = [[at for at, letter in enumerate(line) if letter == "%"] for line in text if "%" in line]
    assert len(ends) == 3
    assert ends[0][-1] == ends[2][-1]  # the blank column
