"""Two convolutions as one."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F  # noqa: N812

from impls.inference.merging import merged
from opbench.errors import UsageError

from .drawn import drawn


@pytest.mark.parametrize(
    ("kernels", "strides"), [((2, 2), (2, 2)), ((3, 2), (1, 3)), ((1, 4), (2, 1)), ((2, 3), (3, 2))]
)
@pytest.mark.parametrize("edges", [(17, 23), (16, 20), (12, 13)])
def test_one_convolution_is_both(kernels: tuple[int, int], strides: tuple[int, int], edges: tuple[int, int]) -> None:
    first, bias = drawn(5, 3, kernels[0], kernels[0]).double(), drawn(5).double()
    second, second_bias = drawn(7, 5, kernels[1], kernels[1]).double(), drawn(7).double()
    x = drawn(2, 3, *edges).double()
    expected = F.conv2d(F.conv2d(x, first, bias, strides[0]), second, second_bias, strides[1])
    found = F.conv2d(x, *merged(first, bias, second, second_bias, first_stride=strides[0]), strides[0] * strides[1])
    torch.testing.assert_close(found, expected)


def test_convolutions_that_do_not_meet_are_refused() -> None:
    with pytest.raises(UsageError, match="takes 4 channels; expected 5"):
        merged(drawn(5, 3, 2, 2), drawn(5), drawn(7, 4, 2, 2), drawn(7), first_stride=2)
