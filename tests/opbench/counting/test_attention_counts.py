"""Attention by both counters: the unfused form, every multiplication and every step of the softmax."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st
from torch.nn import functional

pytest.importorskip("fvcore", reason="fvcore is not installed")

from opbench.counting.count import count

from .loops import LONG, Shape, both, loops, quick


@st.composite
def attentions(draw: Callable[[Any], Any]) -> tuple[Shape, Shape, Shape]:
    batch = tuple(draw(st.lists(LONG, max_size=2)))
    queries, keys, width, out = draw(LONG), draw(LONG), draw(LONG), draw(LONG)
    return (*batch, queries, width), (*batch, keys, width), (*batch, keys, out)


@quick
@given(attentions(), st.sampled_from(["none", "mask", "causal"]))
@example(((2, 3, 5, 4), (2, 3, 7, 4), (2, 3, 7, 6)), "mask")
def test_attention(shapes: tuple[Shape, Shape, Shape], kind: str) -> None:
    """Scaled queries and keys, their products, the mask, a softmax (maximum, exponential, sum, quotient), the sum."""
    query, key, value = shapes
    *batch, rows, width = query
    scores = loops(*batch, rows, key[-2])
    attend = functional.scaled_dot_product_attention
    found = {
        "none": lambda: both(attend, query, key, value),
        "mask": lambda: both(attend, query, key, value, (rows, key[-2])),
        "causal": lambda: both(lambda q, k, v: attend(q, k, v, is_causal=True), query, key, value),
    }[kind]()
    steps = 4 if kind == "none" else 5
    assert found == {
        "macs": scores * width + scores * value[-1],
        "products": 0,
        "elementwise": loops(*query) + loops(*key) + steps * scores,
    }


def test_attention_of_nothing_has_no_macs() -> None:
    """Elsewhere PyTorch adds its arguments up, so that each has a gradient."""
    for shapes in (((2, 0, 3), (2, 5, 3), (2, 5, 7)), ((0, 5, 3), (0, 1, 3), (0, 1, 7))):
        inputs = {f"input{at}": torch.empty(shape, device="meta") for at, shape in enumerate(shapes)}
        found = count(functional.scaled_dot_product_attention, inputs)
        assert [one["macs"] for one in found.values() if not isinstance(one, str)] == [0, 0]


def test_attention_whose_heads_share_keys() -> None:
    attend = functional.scaled_dot_product_attention
    found = both(lambda q, k, v: attend(q, k, v, enable_gqa=True), (2, 6, 5, 3), (2, 2, 7, 3), (2, 2, 7, 4))
    scores = loops(2, 6, 5, 7)
    assert (found["macs"], found["elementwise"]) == (scores * (3 + 4), 2 * 6 * 5 * 3 + 2 * 6 * 7 * 3 + 4 * scores)
