"""A folded convolution computes what the convolution and its BatchNorm do, or says why there is none."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from impls.inference.folding import affine, folded, scale_and_shift
from opbench.errors import UsageError


def settled(norm: nn.BatchNorm2d, seed: int = 0) -> nn.BatchNorm2d:
    """In eval, no parameter or statistic 0 or 1."""
    random = torch.Generator().manual_seed(seed)
    for name, one in norm.state_dict().items():
        if one.is_floating_point():
            positive = name.endswith(("weight", "var"))
            one.copy_(
                torch.rand(one.shape, generator=random) + 0.5 if positive else torch.randn(one.shape, generator=random)
            )
    return norm.eval()


def drawn(*shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(5), dtype=torch.float64)


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize(("affine_norm", "groups", "kernel"), [(True, 1, 1), (False, 1, 3), (True, 7, 5)])
@torch.no_grad()
def test_folding_is_exact_but_for_one_rounding(bias: bool, affine_norm: bool, groups: int, kernel: int) -> None:
    torch.manual_seed(1)
    convolution = nn.Conv2d(7, 7, kernel, padding=kernel // 2, groups=groups, bias=bias)
    norm = settled(nn.BatchNorm2d(7, eps=1e-3, affine=affine_norm))
    made = folded(convolution, norm)
    assert made.weight.dtype == made.bias.dtype == torch.float32
    x = drawn(2, 7, 5, 3)
    want = norm.double()(convolution.double()(x))
    got = nn.functional.conv2d(x, made.weight.double(), made.bias.double(), padding=kernel // 2, groups=groups)
    torch.testing.assert_close(got, want, rtol=0, atol=2**-22 * float(want.abs().max()))


@torch.no_grad()
def test_a_batchnorm_alone_is_a_weight_and_a_bias() -> None:
    norm = settled(nn.BatchNorm2d(5))
    made, x = affine(norm), drawn(2, 5, 3, 1)
    got = x * made.weight.double()[:, None, None] + made.bias.double()[:, None, None]
    torch.testing.assert_close(got, norm.double()(x), rtol=1e-6, atol=1e-6)


@torch.no_grad()
def test_what_was_folded_stays_when_the_statistics_move_on() -> None:
    norm = settled(nn.BatchNorm2d(3))
    made = affine(norm)
    before = [one.clone() for one in made]
    for one in norm.state_dict().values():
        one.add_(1)
    assert all(torch.equal(*both) for both in zip(made, before, strict=True))
    assert not any(one.requires_grad for one in made)


def overflowing() -> nn.BatchNorm2d:
    norm = settled(nn.BatchNorm2d(3))
    norm.state_dict()["running_mean"].fill_(3e38)
    norm.state_dict()["weight"].fill_(100)
    return norm


@pytest.mark.parametrize(
    ("norm", "says"),
    [
        (nn.BatchNorm2d(3), r"in training mode .* call eval\(\)"),
        (nn.BatchNorm2d(3, track_running_stats=False).eval(), "without running statistics"),
        (nn.BatchNorm2d(4).eval(), "a BatchNorm of 4 channels behind a convolution of 3"),
        (overflowing(), "a folded bias is not finite in float32"),
    ],
)
def test_what_cannot_be_folded_is_refused_in_one_line(norm: nn.BatchNorm2d, says: str) -> None:
    with pytest.raises(UsageError, match=says) as caught:
        folded(nn.Conv2d(2, 3, 1), norm)
    assert "\n" not in str(caught.value)


def test_a_variance_of_zero_is_held_by_eps() -> None:
    norm = settled(nn.BatchNorm2d(1, eps=0.25))
    norm.state_dict()["running_var"].zero_()
    norm.state_dict()["weight"].fill_(3)
    assert scale_and_shift(norm)[0].item() == 6
