"""Softmax attention and Poly-SA: every backend against the formulas, and what follows from them alone."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from impls.attention.poly_sa import functional
from impls.attention.poly_sa.operator import gated
from impls.attention.poly_sa.second_moments import from_moments
from impls.attention.self_attention.operator import attended
from impls.native import why_not
from opbench import catalog
from opbench.counting.count import count, disagreements
from opbench.errors import UsageError
from opbench.testing import assert_correct
from opbench.vocabulary.case import Point

from ..cpp_ways import vectors_of

ALL = ("float32", "float64", "float16", "bfloat16")
OPERATORS = ("self_attention", "poly_sa")
vectors = vectors_of(functional)
FORMS = {"definition": gated, "second_moments": from_moments}


@pytest.fixture(autouse=True)
def alone(one_thread: None) -> None:
    """Every test of this file."""


def tensors(tokens: int, width: int, weights: int, batch: int = 2) -> list[Tensor]:
    random = torch.Generator().manual_seed(0)
    x = torch.randn(batch, tokens, width, generator=random, dtype=torch.float64)
    squares = torch.randn(weights, width, width, generator=random, dtype=torch.float64) / math.sqrt(width)
    return [x, *squares]


@pytest.mark.parametrize(
    ("operator", "backend"),
    [
        ("self_attention", "torch_sdpa"),
        ("self_attention", "torch_eager"),
        ("poly_sa", "torch_eager"),
        ("poly_sa", "second_moments"),
    ],
)
def test_a_backend_is_right_at_every_check_point(operator: str, backend: str) -> None:
    assert_correct(operator, [backend], ALL)


@pytest.mark.compiler
@pytest.mark.skipif(why_not() is not None, reason="the C++ kernel needs a compiler and ninja")
@pytest.mark.usefixtures("vectors")
def test_the_kernel_is_right_at_every_check_point() -> None:
    assert_correct("poly_sa", ["cpp_ext"], ("float32", "float64"))


@pytest.mark.compiler
@pytest.mark.skipif(why_not() is not None, reason="the C++ kernel needs a compiler and ninja")
@pytest.mark.usefixtures("vectors")
@pytest.mark.parametrize("block", [1, 7, 64, 1000])
def test_the_gate_does_not_depend_on_the_block(block: int) -> None:
    x, w1, w2 = tensors(131, 67, 2)
    want = torch.einsum("btc,cd,bte,ed->bd", x, w1, x, w2) / 131
    torch.testing.assert_close(functional._gate()(x, torch.cat((w1, w2), 1), block), want, rtol=1e-11, atol=1e-13)


@pytest.mark.compiler
@pytest.mark.skipif(why_not() is not None, reason="the C++ kernel needs a compiler and ninja")
def test_what_the_kernel_cannot_take_is_refused() -> None:
    x, w1, w2 = tensors(3, 5, 2)
    gate, weights = functional._gate(), torch.cat((w1, w2), 1)
    with pytest.raises(ValueError, match=r"x has shape \[3, 5\]; expected \(batch"):
        gate(x[0], weights, 8)
    with pytest.raises(ValueError, match=r"weights have shape \[5, 5\]; expected \[5, 10\]"):
        gate(x, w1, 8)
    with pytest.raises(TypeError, match="weights are Float; expected Double"):
        gate(x, weights.float(), 8)
    with pytest.raises(ValueError, match="block is 0; expected at least 1"):
        gate(x, weights, 0)


@pytest.mark.parametrize("form", FORMS)
def test_poly_sa_is_the_loop_over_tokens_and_channels(form: str) -> None:
    x, w1, w2, w3 = tensors(3, 2, 3, batch=1)
    gates = [sum(float(row @ w1[:, c]) * float(row @ w2[:, c]) for row in x[0]) / 3 for c in range(2)]
    want = [[sum(gates[c] * float(row[c] * w3[c, out]) for c in range(2)) for out in range(2)] for row in x[0]]
    torch.testing.assert_close(FORMS[form](x, w1, w2, w3), torch.tensor([want], dtype=torch.float64))


@pytest.mark.parametrize("form", FORMS)
def test_poly_sa_is_linear_in_its_last_weight_and_of_third_degree_in_tokens(form: str) -> None:
    x, w1, w2, w3 = tensors(13, 7, 3)
    once = FORMS[form](x, w1, w2, w3)
    torch.testing.assert_close(FORMS[form](x, w1, w2, w3 - 2 * w1), once - 2 * FORMS[form](x, w1, w2, w1))
    torch.testing.assert_close(FORMS[form](-3 * x, w1, w2, w3), -27 * once)
    torch.testing.assert_close(FORMS[form](x, w2, w1, w3), once)


def test_repeated_tokens_change_no_answer_of_either() -> None:
    """Both take a mean: of a sequence twice as long by repetition it is the same."""
    x, *weights = tensors(11, 6, 4)
    twice = torch.cat((x, x), 1)
    torch.testing.assert_close(gated(twice, *weights[:3])[:, :11], gated(x, *weights[:3]))
    torch.testing.assert_close(attended(twice, weights, 3)[:, :11], attended(x, weights, 3))


def test_the_order_of_tokens_is_kept_and_means_nothing() -> None:
    x, *weights = tensors(11, 6, 4)
    torch.testing.assert_close(gated(x.flip(1), *weights[:3]), gated(x, *weights[:3]).flip(1))
    torch.testing.assert_close(attended(x.flip(1), weights, 2), attended(x, weights, 2).flip(1))


def test_attention_of_one_token_is_its_value() -> None:
    x, *weights = tensors(1, 6, 4)
    torch.testing.assert_close(attended(x, weights, 3), x @ weights[2] @ weights[3])


@pytest.mark.parametrize("operator", OPERATORS)
def test_both_counters_agree_with_the_work(operator: str) -> None:
    described = catalog.operator(operator)
    for axes in described.check_points:
        if axes["tokens"] == 0:  # of no scores PyTorch decomposes attention another way, three scalar operations more
            continue
        point = Point(operator, described.complete(axes), device="meta")
        found = count(described.eager(point), described.inputs(point))
        assert not disagreements(found, described.work(point)), axes


@pytest.mark.parametrize(
    ("operator", "second", "first"), [("self_attention", 2 * 64, 4 * 64**2), ("poly_sa", 0, 3 * 64**2)]
)
def test_the_work_is_a_square_of_tokens_for_one_and_linear_for_the_other(
    operator: str, second: int, first: int
) -> None:
    described = catalog.operator(operator)
    for tokens in (1, 17, 65_536):
        point = Point(operator, described.complete({"tokens": tokens, "width": 64}))
        assert described.work(point).macs == second * tokens**2 + first * tokens


@pytest.mark.parametrize("operator", OPERATORS)
def test_heads_that_do_not_share_the_width_are_refused(operator: str) -> None:
    described = catalog.operator(operator)
    with pytest.raises(UsageError, match="4 heads cannot share width 66 evenly; expected a multiple of 4"):
        described.sizes(described.complete({"width": 66}))
    assert described.sizes(described.complete({"width": 65, "heads": 5})) == {"head_width": 13}
