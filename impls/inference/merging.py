"""Two convolutions with nothing between them as one.

The stems of Hadaptive-Net begin so: 2x2 at stride 2 without activation, then 2x2 at stride 2. As one 4x4 at stride 4
they take 7.2 M multiply-adds instead of 24.1 M in S, 19.3 of 56.2 in M, and 14.5 of 32.5 in L, at images of 224x224.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch.nn import functional as F  # noqa: N812

from opbench.errors import UsageError

if TYPE_CHECKING:
    from torch import Tensor


def merged(
    first_weight: Tensor, first_bias: Tensor, second_weight: Tensor, second_bias: Tensor, *, first_stride: int
) -> tuple[Tensor, Tensor]:
    """Weight (c3, c1, k, k) and bias (c3,) of the one convolution, k = k1 + (k2 - 1) * first_stride.

    first_weight (c2, c1, k1, k1) and first_bias (c2,); second_weight (c3, c2, k2, k2) and second_bias (c3,): both
    without padding and groups. Its stride is the product of both. Computed in float64, given in the first's dtype.
    Equal to both one after the other up to rounding, for maps of every size. Raises UsageError where the channels
    between do not match.
    """
    if second_weight.shape[1] != first_weight.shape[0]:
        raise UsageError(
            f"the second convolution takes {second_weight.shape[1]} channels; expected {first_weight.shape[0]}, "
            "as many as the first makes"
        )
    weight = F.conv_transpose2d(second_weight.double(), first_weight.double(), stride=first_stride)
    bias = second_bias.double() + second_weight.double().sum((2, 3)) @ first_bias.double()
    return weight.to(first_weight.dtype), bias.to(first_weight.dtype)
