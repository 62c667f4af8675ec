"""The search finds what is planted: the best candidate by construction, whichever place, kind or company it has."""

from __future__ import annotations

import pytest

from benchmarks.planted_search.toys import TOYS, found


@pytest.mark.parametrize(
    ("toy", "seed"),
    [
        ("frozen-2", 0),
        ("frozen-4", 15),
        ("frozen-4", 17),
        ("frozen-7", 2),
        ("frozen-blank", 2),
        ("trained-2", 1),
        ("trained-3", 9),
        ("trained-7", 4),
        ("trained-blank", 1),
    ],
)
def test_the_planted_candidate_is_the_likeliest_in_the_end(toy: str, seed: int) -> None:
    """At `frozen-4` and `trained-3` with these seeds the drawn candidate alone leads elsewhere."""
    assert found(TOYS[toy].search(seed)) == TOYS[toy].planted(seed)
