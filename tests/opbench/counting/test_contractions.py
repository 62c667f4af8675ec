"""Matrix products and convolutions against their definition: loops over all indices, by both counters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from torch.nn import functional

pytest.importorskip("fvcore", reason="fvcore is not installed")

from .loops import SIZE, Shape, both, loops, only, quick


def aligned(batch: Sequence[int], draw: Callable[[Any], Any]) -> Shape:
    """A shape that broadcasts to `batch`: dimensions of 1, and fewer of them."""
    kept = [1 if draw(st.booleans()) else size for size in batch]
    return tuple(kept[draw(st.integers(0, len(kept))) :])


@st.composite
def matrices(draw: Callable[[Any], Any]) -> tuple[Shape, Shape, int]:
    """Two arguments of matmul, and the multiplications of their product."""
    m, k, n = draw(SIZE), draw(SIZE), draw(SIZE)
    batch = draw(st.lists(SIZE, max_size=2))
    row, column = draw(st.booleans()), draw(st.booleans())
    a = (k,) if row else (*aligned(batch, draw), m, k)
    b = (k,) if column else (*aligned(batch, draw), k, n)
    whole = (torch.empty(a[:-2]) + torch.empty(b[:-2])).shape
    return a, b, loops(*whole, *(() if row else (m,)), k, *(() if column else (n,)))


@quick
@given(matrices())
@example(((5,), (5,), 5))
@example(((3, 5), (5,), 15))
@example(((3, 1, 4, 5), (2, 5, 6), 720))
def test_matmul_of_every_rank(case: tuple[Shape, Shape, int]) -> None:
    a, b, multiplications = case
    assert both(torch.matmul, a, b) == only(multiplications)


@settings(quick, max_examples=15)  # of 17 functions each
@given(SIZE, SIZE, SIZE, SIZE)
@example(2, 3, 5, 7)
def test_products_by_their_own_names(b: int, m: int, k: int, n: int) -> None:
    for function, shapes, multiplications in (
        (torch.mm, ((m, k), (k, n)), loops(m, k, n)),
        (torch.bmm, ((b, m, k), (b, k, n)), loops(b, m, k, n)),
        (torch.mv, ((m, k), (k,)), loops(m, k)),
        (torch.dot, ((k,), (k,)), loops(k)),
        (torch.vdot, ((k,), (k,)), loops(k)),
        (torch.addmm, ((n,), (m, k), (k, n)), loops(m, k, n)),
        (lambda c, x, y: torch.addmm(c, x, y, alpha=0, beta=3), ((m, n), (m, k), (k, n)), loops(m, k, n)),
        (lambda c, x, y: c.clone().addmm_(x, y), ((m, n), (m, k), (k, n)), loops(m, k, n)),
        (torch.addmv, ((m,), (m, k), (k,)), loops(m, k)),
        (torch.addr, ((m, n), (m,), (n,)), loops(m, n)),
        (torch.baddbmm, ((m, n), (b, m, k), (b, k, n)), loops(b, m, k, n)),
        (lambda c, x, y: torch.baddbmm(c, x, y, alpha=0, beta=3), ((b, m, n), (b, m, k), (b, k, n)), loops(b, m, k, n)),
        (torch.addbmm, ((m, n), (b, m, k), (b, k, n)), loops(b, m, k, n)),
        (functional.linear, ((b, m, k), (n, k), (n,)), loops(b, m, n, k)),
        (functional.linear, ((k,), (n, k)), loops(n, k)),
        (functional.linear, ((b, m, k), (k,)), loops(b, m, k)),
        (functional.linear, ((k,), (k,)), loops(k)),
    ):
        assert both(function, *shapes) == only(multiplications), shapes
    assert both(torch.outer, (m,), (n,)) == {"macs": 0, "products": 0, "elementwise": loops(m, n)}


def taken(x: int, kernel: int, stride: int, padding: int, dilation: int) -> int:
    """Places of a kernel along one dimension, each tried."""
    ends = x + 2 * padding
    return sum(1 for at in range(0, ends, stride) if at + dilation * (kernel - 1) < ends)


@quick
@given(
    st.integers(1, 3),
    st.booleans(),
    *(st.integers(0, 3), st.integers(1, 3), st.integers(1, 3), st.integers(1, 3)),
    *(st.integers(5, 7), st.integers(1, 3), st.integers(1, 3), st.integers(0, 2), st.integers(1, 2)),
)
@example(2, True, 1, 2, 3, 1, 7, 3, 2, 1, 2)
def test_convolutions(
    rank: int,
    batched: bool,
    batch: int,
    groups: int,
    into: int,
    out_of: int,
    edge: int,
    kernel: int,
    stride: int,
    padding: int,
    dilation: int,
) -> None:
    """Padding is computed like any element; a transposed convolution adds each element of x to a kernel's places."""
    lead = (batch,) if batched else ()
    x, weight = (*lead, groups * into, *[edge] * rank), (groups * out_of, into, *[kernel] * rank)
    forward = getattr(functional, f"conv{rank}d")
    places = taken(edge, kernel, stride, padding, dilation)
    options = {"stride": stride, "dilation": dilation, "groups": groups}
    assert both(lambda x, w: forward(x, w, padding=padding, **options), x, weight) == only(
        loops(*lead, groups, out_of, into) * loops(*[places] * rank) * loops(*[kernel] * rank)
    )
    transposed = getattr(functional, f"conv_transpose{rank}d")
    weight = (groups * into, out_of, *[kernel] * rank)
    assert both(lambda x, w, b: transposed(x, w, b, **options), x, weight, (groups * out_of,)) == only(
        loops(*lead, groups, into, out_of) * loops(*[edge] * rank) * loops(*[kernel] * rank)
    )


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths")
@pytest.mark.parametrize("rank", [1, 2, 3])
def test_convolutions_whose_padding_is_a_word(rank: int) -> None:
    for kernel, word, places in ((3, "same", 7), (2, "same", 7), (1, "valid", 7), (3, "valid", 5)):
        forward, shape = getattr(functional, f"conv{rank}d"), (5, 3, *[kernel] * rank)
        found = both(lambda x, w, how=word, forward=forward: forward(x, w, padding=how), (2, 3, *[7] * rank), shape)
        assert found == only(2 * 5 * 3 * places**rank * kernel**rank)


def test_a_convolution_over_time_first() -> None:
    assert both(torch.conv_tbc, (7, 2, 4), (3, 4, 5), (5,)) == only(loops(5, 2, 5, 3, 4))
