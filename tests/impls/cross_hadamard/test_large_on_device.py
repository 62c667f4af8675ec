"""Shapes large enough for the plans that small ones never take: 8x8 tiles, whole-column gradients. On a GPU only."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from impls.cross_hadamard import steps
from impls.cross_hadamard.functional import ach_expand, cross_hadamard

from ...rows import rows
from .definitions import DTYPES, index_of, random
from .subjects import Subject, subjects
from .test_ach_expand import fused
from .test_gradients import assert_near

pytestmark = pytest.mark.gpu

ON_DEVICE = subjects(where=lambda one: one.device == "cuda" and not one.stem.startswith("torch"))
FUSED = subjects(where=lambda one: one.device == "cuda" and not one.stem.startswith("torch") and fused(one))
GRADIENTS = subjects(schedules=False, where=lambda one: one.device == "cuda" and not one.stem.startswith("torch"))


def exact_pairs(x: Tensor, index: Tensor | None) -> Tensor:
    return steps.pairs_of(x.double(), index, steps.pairs_for(x, index), steps.gathered)


@rows("dtype", DTYPES)
@rows("shape, k", [((4, 64, 56, 56), 0), ((16, 65, 28, 28), 0), ((64, 48, 27, 31), 17)])
@pytest.mark.parametrize("subject", ON_DEVICE)
def test_products(subject: Subject, shape: tuple[int, ...], k: int, dtype: torch.dtype) -> None:
    x = random(*shape, dtype=dtype).cuda()
    index = index_of(shape[0], k, shape[1]).cuda() if k else None
    assert torch.equal(cross_hadamard(x, index, backend=subject.name), exact_pairs(x, index).to(dtype))


@rows("dtype", DTYPES)
@rows("shape", [(64, 96, 14, 14), (63, 33, 29, 31)])
@pytest.mark.parametrize("subject", FUSED)
def test_expansions(subject: Subject, shape: tuple[int, ...], dtype: torch.dtype) -> None:
    x, index = random(*shape, dtype=dtype).cuda(), index_of(shape[0], 16, shape[1]).cuda()
    parameters = [
        one.cuda() for one in (torch.tensor([0.7], dtype=dtype), random(120, dtype=dtype), random(120, dtype=dtype))
    ]
    wide = (one.double() for one in (x, *parameters))
    xd, alpha, weight, bias = wide
    want = steps.expansion(xd, index, alpha, weight, bias, "softsign", steps.pairs_for(x, index), steps.gathered)
    assert_near(ach_expand(x, index, *parameters, backend=subject.name), want.cpu(), dtype)


@rows("dtype", DTYPES)
@rows("shape, k", [((64, 33, 28, 28), 0), ((280, 17, 13, 29), 23)])
@pytest.mark.parametrize("subject", GRADIENTS)
def test_gradients(subject: Subject, shape: tuple[int, ...], k: int, dtype: torch.dtype) -> None:
    x = random(*shape, dtype=dtype).cuda().requires_grad_()
    index = index_of(shape[0], k, shape[1]).cuda() if k else None
    n = k or shape[1]
    grad = random(shape[0], n * (n - 1) // 2, *shape[2:], dtype=dtype, seed=2).cuda()
    want = steps.gradient(grad.double(), x.detach().double(), index, steps.tables_for(x, index))
    (got,) = torch.autograd.grad(cross_hadamard(x, index, backend=subject.name), x, grad)
    assert_near(got, want.cpu(), dtype)
