from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch import nn

from impls.cross_hadamard.functional import ach_expand
from impls.hadaptive.ach_parts.normalizers import NORMALIZERS, DynamicNorm, normalizer
from opbench.errors import UsageError

from .scenes import drawn, random

F: dict[str, Callable[[float], float]] = {
    "dysoft": lambda u: u / (1 + abs(u)),
    "dysig": lambda u: 1 / (1 + math.exp(-u)) - 0.5,
    "dyalge": lambda u: u / math.sqrt(1 + u * u),
    "dyt": math.tanh,
}


def dynamic(name: str, channels: int) -> DynamicNorm:
    found = normalizer(name, channels)
    assert isinstance(found, DynamicNorm)
    return found


def test_every_name_but_bn_is_a_bounded_function() -> None:
    assert set(NORMALIZERS) == {*F, "bn"}
    assert isinstance(normalizer("bn", 3), nn.BatchNorm2d)


@pytest.mark.parametrize("name", F)
@pytest.mark.parametrize("shape", [(2, 3, 5, 1), (1, 7, 1, 1), (3, 2, 5)], ids=str)
def test_it_is_f_of_alpha_x_scaled_and_shifted_per_channel(name: str, shape: tuple[int, ...]) -> None:
    norm = drawn(dynamic(name, shape[1]).double())
    x = random(*shape, dtype=torch.float64) * 3
    got, alpha = norm(x).detach().flatten(2), norm.alpha.item()
    for b, c, p in torch.cartesian_prod(*(torch.arange(size) for size in got.shape)).tolist():
        want = F[name](alpha * float(x.flatten(2)[b, c, p])) * norm.weight[c].item() + norm.bias[c].item()
        assert float(got[b, c, p]) == pytest.approx(want, rel=1e-12)


@pytest.mark.parametrize(
    ("name", "alpha", "weight"), [("dysoft", 0.5, 1), ("dysig", 0.35, 2), ("dyalge", 0.5, 1), ("dyt", 0.5, 1)]
)
def test_parameters_start_where_the_paper_starts_them(name: str, alpha: float, weight: float) -> None:
    norm = dynamic(name, 5)
    assert norm.alpha.tolist() == [pytest.approx(alpha)]
    assert norm.weight.tolist() == [weight] * 5
    assert norm.bias.tolist() == [0] * 5
    assert sum(one.numel() for one in norm.parameters() if one.requires_grad) == 1 + 5 + 5


@pytest.mark.parametrize("name", F)
def test_the_fused_expansion_applies_the_same_function(name: str) -> None:
    norm, x, index = drawn(dynamic(name, 3)), random(2, 3, 5, 1), torch.tensor([[0, 1, 2]]).repeat(2, 1)
    fused = ach_expand(x, index, norm.alpha, norm.weight, norm.bias, norm=norm.f, backend="torch_eager")
    pairs = torch.stack([x[:, 0] * x[:, 1], x[:, 0] * x[:, 2], x[:, 1] * x[:, 2]], 1)
    torch.testing.assert_close(fused[:, 3:], norm(pairs))


@pytest.mark.parametrize("name", F)
def test_overflowing_products_give_the_bound(name: str) -> None:
    got = dynamic(name, 1)(torch.tensor([math.inf, -math.inf, math.nan]).view(3, 1, 1, 1)).flatten()
    torch.testing.assert_close(got, torch.tensor([1.0, -1.0, math.nan]), equal_nan=True)


@pytest.mark.parametrize("name", F)
def test_half_precision_stays_half_precision_and_empty_stays_empty(name: str) -> None:
    norm = dynamic(name, 3)
    assert norm(random(2, 3, 1, 1, dtype=torch.bfloat16)).dtype == torch.bfloat16
    assert norm(random(0, 3, 5, 5)).shape == (0, 3, 5, 5)


def test_an_unknown_norm_names_those_that_exist() -> None:
    with pytest.raises(UsageError, match=r"no norm 'dysofd' of ACH \(did you mean 'dysoft'\?\); there are: bn, dyalge"):
        normalizer("dysofd", 3)
