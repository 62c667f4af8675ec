"""The spaces of the paper's tables against the tables, transcribed here by hand from the paper's text."""

from __future__ import annotations

import pytest

from impls.hadaptive.config import GhostBottleneck, HadaBottleneck
from impls.hadaptive.network import built
from impls.hadaptive.search.space import Candidate, Place, Space
from impls.hadaptive.search.spaces import reduced, search_space, usual_annealing, usual_network
from impls.hadaptive.search.spaces.reported import reported
from impls.hadaptive.search.spaces.tables import TABLES
from impls.hadaptive.variants import S
from opbench.errors import UsageError

STEM = """
32 - - - - - -
48 - - - - - -
32 - - - - - -
"""

TABLE_3 = """
64 99.97 <0.01 <0.01 <0.01
64 99.99 <0.01 <0.01 <0.01
96 99.87 <0.01 <0.01 <0.01
96 99.69 0.24 <0.01 <0.01
96 99.48 0.18 0.05 0.23
96 98.40 0.80 0.15 0.51
96 97.37 0.63 0.63 1.10
96 2.92 62.02 6.58 28.18
128 12.78 43.72 23.87 19.62
128 0.34 70.05 25.34 4.24
128 1.68 34.56 29.40 34.30
960 - - - -
"""

TABLE_10 = """
64 54 46 - - - -
64 - 24 - 76 - -
96 52 48 - - - -
96 27 14 9 50 - -
96 25 21 28 26 - -
96 20 17 23 17 - 23
96 19 19 23 17 - 23
96 20 20 20 18 - 22
128 37 28 17 17 - -
128 - - 35 33 33 -
128 - - 60 27 13 -
128 - - 1 1 1 96
128 - - 1 1 1 96
128 - - 1 2 1 96
960 - - - - - -
"""

TABLE_11 = """
64 - - - -
64 - - - -
96 - - - -
96 68 12 20 -
96 44 13 43 -
96 47 16 37 -
96 35 20 45 -
96 45 15 39 -
128 - - - -
128 19 - 52 29
128 28 - 32 40
128 36 - 41 22
128 40 - 30 30
128 51 - 23 26
960 - - - -
"""

TABLE_12 = """
64 - - - -
64 - - - -
96 - - - -
96 14 9 - 68
96 14 13 - 65
96 16 13 - 62
96 13 15 - 61
96 13 14 - 60
128 - - - -
128 1 1 1 98
128 1 1 1 98
128 1 1 1 98
128 1 1 1 98
128 1 1 1 98
960 - - - -
"""

GHOST, BLANK = "ghost", "blank"

COLUMNS: dict[str, tuple[int, str, list[object]]] = {
    "norms": (3, TABLE_3, [GHOST, "dysoft", "dysig", "dyalge"]),
    "kernels": (10, TABLE_10, [(GHOST, 2), (GHOST, 3), 3, 5, 7, BLANK]),
    "sizes": (11, TABLE_11, [(16, 3), (16, 5), (32, 3), (48, 3)]),
    "depth": (12, TABLE_12, [16, 32, 48, BLANK]),
}


def is_of(candidate: Candidate, name: str, column: object) -> bool:
    """Whether a candidate is what the head of its column says."""
    if candidate is None or column == BLANK:
        return candidate is None and column == BLANK
    if isinstance(candidate, GhostBottleneck):
        return column in {GHOST, (GHOST, candidate.kernel)}
    assert isinstance(candidate, HadaBottleneck)
    says = {
        "norms": candidate.norm,
        "kernels": candidate.kernel,
        "sizes": (candidate.k, candidate.kernel),
        "depth": candidate.k,
    }
    return says[name] == column


def space_of(name: str, divisor: int = 1) -> Space:
    return search_space(name, reduced(usual_network(name), divisor), divisor)


def printed_rows(name: str) -> list[tuple[int, list[str]]]:
    _, text, columns = COLUMNS[name]
    lines = [line.split() for line in f"{STEM.strip()}\n{text.strip()}".splitlines()]
    return [(int(line[0]), line[1 : 1 + len(columns)]) for line in lines]


@pytest.mark.parametrize("name", COLUMNS)
def test_every_layer_offers_what_its_row_has_a_figure_for_and_nothing_else(name: str) -> None:
    space, (_, _, columns) = space_of(name), COLUMNS[name]
    *rows, (width, _) = printed_rows(name)
    assert [place.channels for place in space.places] == [channels for channels, _ in rows]
    assert space.width == width
    for at, (place, (_, cells)) in enumerate(zip(space.places, rows, strict=True)):
        heads = [column for column, cell in zip(columns, cells, strict=True) if cell != "-"]
        assert place.searched == bool(heads), at
        if heads:
            assert len(place.candidates) == len(heads), at
            assert all(
                is_of(*pair) for pair in ((one, name, head) for one, head in zip(place.candidates, heads, strict=True))
            ), at


@pytest.mark.parametrize("name", COLUMNS)
def test_the_papers_confidences_are_quoted_as_printed_and_as_the_papers(name: str) -> None:
    number, _, _ = COLUMNS[name]
    quoted = reported(name)
    assert quoted is not None
    assert quoted["layers"] == [[cell for cell in cells if cell != "-"] for _, cells in printed_rows(name)]
    assert f"reported by the paper (arXiv 2505.22226, table {number})" in quoted["source"]
    assert "not measured here" in quoted["source"]
    assert quoted["top1_percent"] == {3: None, 10: 67.55, 11: 67.73, 12: 66.23}[number]


def test_the_layers_that_halve_the_edge_are_those_of_table_9_and_its_fixed_layers_stay() -> None:
    for name in TABLES:
        space = space_of(name)
        assert [at for at, place in enumerate(space.places) if place.stride == 2] == [0, 1, 3, 5, 11], name
        for at, place in enumerate(space.places):
            if not place.searched:
                assert place.candidates == (S.layers[at],), (name, at)


def test_what_a_table_does_not_say_is_as_in_table_9() -> None:
    for name in ("norms", "kernels"):
        for at, place in enumerate(space_of(name).places):
            for candidate in place.layers:
                if isinstance(candidate, HadaBottleneck):
                    assert candidate.k == (32 if at >= 11 else 16), (name, at)
    for name in ("norms", "depth"):
        for at, place in enumerate(space_of(name).places):
            for candidate in place.layers if place.searched else ():
                assert candidate.kernel == S.layers[min(at, 13)].kernel, (name, at)
    ratios = [4.0, 2.0, 4.0, *[2.0] * 5, 6.0, 2.0, 2.0]
    ghosts = [place.layers[0] for place in space_of("norms").places[3:]]
    assert [one.ratio for one in ghosts if isinstance(one, GhostBottleneck)] == ratios


def test_the_authors_configuration_has_four_searched_layers_at_128_and_ghosts_of_ratio_6_there() -> None:
    space = space_of("published")
    wide = [place for place in space.places if place.channels == 128]
    assert [len(place.candidates) for place in wide] == [6, 10, 10, 10]
    for place in wide:
        assert {one.ratio for one in place.layers if isinstance(one, GhostBottleneck)} == {6.0}
    assert usual_annealing("published") == "cosine"
    assert reported("published") is None
    for at, place in enumerate(space.places):
        if place.searched:
            kernels = {one.kernel for one in place.layers}
            assert kernels == ({2, 3} if place.stride == 2 else {3, 5, 7}), at
            assert {one.k for one in place.layers if isinstance(one, HadaBottleneck)} == {16, 32}, at
            assert (None in place.candidates) == (place.stride == 1), at


def twins(place: Place, channels: int) -> int:
    """Candidates beyond the first of each kind of module."""
    return len(place.layers) - len({str(built(one, channels).to("meta")) for one in place.layers})


@pytest.mark.parametrize("name", TABLES)
def test_only_kernels_at_layers_that_halve_the_edge_are_one_module_twice(name: str) -> None:
    """The published block filters by 2x2 there whatever it is told; the tables have columns for both."""
    space = space_of(name)
    inputs = [3, *(place.channels for place in space.places)]
    for at, place in enumerate(space.places):
        kinds = {(type(one), getattr(one, "k", 0), getattr(one, "norm", "")) for one in place.layers}
        expected = len(place.layers) - len(kinds) if place.stride == 2 else 0
        assert twins(place, inputs[at]) == expected, at


@pytest.mark.parametrize("name", TABLES)
def test_a_table_can_be_searched_narrower(name: str) -> None:
    whole, half = space_of(name), space_of(name, 2)
    assert [len(place.candidates) for place in half.places] == [len(place.candidates) for place in whole.places]
    for narrow, wide in zip(half.places, whole.places, strict=True):
        assert narrow.channels * 2 == wide.channels
        ks = [[one.k for one in place.layers if isinstance(one, HadaBottleneck)] for place in (narrow, wide)]
        assert [2 * k for k in ks[0]] == ks[1]


def test_a_network_of_other_layers_is_refused_by_a_table() -> None:
    with pytest.raises(
        UsageError, match="'depth' has the 17 layers of its own table, and this network has 14 or other"
    ):
        search_space("depth", S)
