"""einsum by both counters: as PyTorch contracts, and a contraction as loops over all of its indices."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import permutations, product
from typing import Any

import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st

pytest.importorskip("fvcore", reason="fvcore is not installed")

from ...rows import rows
from .loops import SIZE, Shape, both, loops, only, quick


@st.composite
def equations(draw: Callable[[Any], Any], operands: int) -> tuple[str, list[Shape]]:
    sizes = {label: draw(SIZE) for label in "abcD"}
    terms = [draw(st.lists(st.sampled_from("abcD"), max_size=3, unique=True)) for _ in range(operands)]
    seen = sorted({label for term in terms for label in term})
    output = draw(st.lists(st.sampled_from(seen), unique=True)) if seen else []
    dots = draw(st.sampled_from([(), (2,), (3, 1)]))
    left = ",".join("".join(term) + ("..." if dots else "") for term in terms)
    arrow = draw(st.booleans())
    shapes = [(*(sizes[label] for label in term), *dots) for term in terms]
    return (f"{left}->{''.join(output)}{'...' if dots else ''}" if arrow else left), shapes


@quick
@given(st.one_of(equations(1), equations(2), equations(3)))
@example(("ij,jk->ik", [(3, 5), (5, 7)]))
@example(("i,j->ij", [(3,), (5,)]))
@example(("ij,jk->k", [(3, 5), (5, 7)]))
@example(("ij,jk,kl->il", [(3, 5), (5, 7), (7, 2)]))
@example(("ii", [(3, 3)]))
@example(("ijii->ij", [(3, 5, 3, 3)]))
@example(("...ij,...jk", [(2, 1, 3, 5), (4, 5, 7)]))
@example(("i,i->", [(1,), (1,)]))
def test_einsum_is_counted_as_pytorch_contracts(case: tuple[str, list[Shape]]) -> None:
    equation, shapes = case
    both(lambda *operands: torch.einsum(equation, *operands), *shapes)


def contractions() -> Iterator[tuple[str, Sequence[str]]]:
    """Two operands of which no label is summed alone, and the output's labels with at least one left out."""
    for left, right in product(["a", "ab", "ba", "abc"], repeat=2):
        shared, lone = set(left) & set(right), set(left) ^ set(right)
        for label in sorted(shared):
            yield f"{left},{right}->{''.join(sorted((shared | lone) - {label}))}", sorted(shared | lone)


SIZES = [*permutations((2, 3, 5)), (3, 3, 3), (2, 2, 5), *(one for one in product((0, 3), repeat=3) if 0 in one)]
"""Of a, b and c: primes, whose product says which of them were multiplied; some alike; and nothing of every subset."""


@rows("of_abc", SIZES)
def test_a_contraction_is_a_mac_for_every_set_of_indices(of_abc: tuple[int, int, int]) -> None:
    sizes = dict(zip("abc", of_abc, strict=True))
    for equation, labels in contractions():
        shapes = [tuple(sizes[label] for label in term) for term in equation.partition("->")[0].split(",")]
        found = both(lambda *operands, how=equation: torch.einsum(how, *operands), *shapes)
        assert found == only(loops(*(sizes[label] for label in labels))), (equation, sizes)


def test_a_path_says_in_which_order_operands_meet() -> None:
    function = torch._VF.einsum  # type: ignore[attr-defined]  # what torch.einsum calls, with the path of another library
    shapes = ((3, 5), (5, 7), (7, 2), (2, 11))
    for path, macs in (
        ([0, 1, 0, 1, 0, 1], 3 * 5 * 7 + 7 * 2 * 11 + 3 * 7 * 11),  # a result stands behind what is left
        ([2, 3, 1, 2, 0, 1], 7 * 2 * 11 + 5 * 7 * 11 + 3 * 5 * 11),
        (None, 3 * 5 * 7 + 3 * 7 * 2 + 3 * 2 * 11),
    ):
        assert both(lambda *x, path=path: function("ij,jk,kl,lm->im", x, path=path), *shapes) == only(macs)
