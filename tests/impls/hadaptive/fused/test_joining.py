"""Two convolutions are joined where that is the same and less work, and nowhere else."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from impls.hadaptive.fused.joining import joined
from impls.hadaptive.fused.specs import Spec

from . import plain_layers


def convolution(c1: int, c2: int, kernel: int, stride: int, *, hardswish: bool = False, padding: int = 0) -> Spec:
    random = torch.Generator().manual_seed(c1 * c2)
    weight = torch.randn(c2, c1, kernel, kernel, generator=random)
    bias = torch.randn(c2, generator=random)
    form = {"stride": stride, "padding": padding, "hardswish": hardswish, "image_nchw": c1 == 3}
    return Spec("convolution", {"weight": weight, "bias": bias} | form)


def ran(specs: list[Spec], x: Tensor) -> Tensor:
    return plain_layers.network([getattr(plain_layers, one.kind)(**one.arguments) for one in specs])(x)


@pytest.mark.parametrize("last", [True, False])
@pytest.mark.parametrize(("kernel", "stride"), [(2, 2), (3, 2), (1, 1)])
def test_what_is_joined_computes_the_same(kernel: int, stride: int, last: bool) -> None:
    both = [convolution(3, 17, 2, 2), convolution(17, 5, kernel, stride, hardswish=last)]
    (one,) = joined(both)
    assert one.arguments["stride"] == 2 * stride
    x = torch.randn(2, 3, 13, 15, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(ran([one], x), ran(both, x), rtol=1e-4, atol=1e-4)


def test_three_in_a_row_are_one() -> None:
    assert len(joined([convolution(3, 9, 1, 1), convolution(9, 9, 1, 1), convolution(9, 2, 1, 1)])) == 1


@pytest.mark.parametrize(
    "between",
    [
        convolution(3, 17, 2, 2, hardswish=True),
        convolution(3, 17, 2, 2, padding=1),
        convolution(3, 2, 2, 2),  # one convolution of both would be more work
        replace(convolution(3, 17, 2, 2), kind="classifier"),
    ],
)
def test_others_stay_two(between: Spec) -> None:
    both = [between, convolution(between.arguments["weight"].shape[0], 21, 2, 2)]
    assert joined(both) == both
