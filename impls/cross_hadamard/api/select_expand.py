"""The torch.library operator `opbench::ach_select_expand`: ACH once trained, behind its convolution, as one graph node.

For graphs that nobody trains, such as exported ones: its selection has no gradient, so neither has it.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch

from impls.cross_hadamard.api.automatic import chosen
from impls.cross_hadamard.api.library_operators import LIBRARY
from impls.cross_hadamard.norms import ELEMENTWISE, check_norm
from impls.cross_hadamard.pairs import pair_count
from impls.cross_hadamard.steps import strongest
from opbench.counting.count import register

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

NAME = "ach_select_expand"


def ach_select_expand(
    x: Tensor,
    taps: Tensor,
    k: int,
    alpha: Tensor,
    weight: Tensor,
    bias: Tensor,
    norm: str = "softsign",
    backend: str = "auto",
) -> Tensor:
    """concat(x, f(alpha * pairs) * weight + bias) of the k channels of each sample that `taps` scores highest.

    x: (B, C, *spatial), taps: an odd number of weights over neighbouring channels' means (Eq. 3), k at most C; the rest
    as `functional.ach_expand`. Returns (B, C + k(k-1)/2, *spatial). Raises UsageError and MachineError as that does.
    """
    check_norm(norm)
    kernels, schedule = chosen(backend, x, k, "ach_expand")
    if kernels.select_expand is not None:
        return kernels.select_expand(x, taps, k, alpha, weight, bias, norm, schedule, None)
    return kernels.expand(x, strongest(x, taps, k), alpha, weight, bias, norm, schedule)


def _fake(x: Tensor, taps: Tensor, k: int, *_: object, **__: object) -> Tensor:
    del taps
    return torch.empty((x.shape[0], x.shape[1] + pair_count(k), *x.shape[2:]), dtype=x.dtype, device=x.device)


def _products(shapes: Sequence[tuple[int, ...] | None], output: tuple[int, ...]) -> int:
    return math.prod(output) - math.prod(shapes[0] or ())


def _elementwise(shapes: Sequence[tuple[int, ...] | None], output: tuple[int, ...]) -> int:
    """The normaliser, and the means of x."""
    return ELEMENTWISE["softsign"] * _products(shapes, output) + math.prod(shapes[0] or ())


def _macs(shapes: Sequence[tuple[int, ...] | None], _: tuple[int, ...]) -> int:
    """The scores."""
    return math.prod((shapes[0] or ())[:2]) * math.prod(shapes[1] or ())


LIBRARY.define(  # type: ignore[no-untyped-call]  # torch leaves it untyped
    f"{NAME}(Tensor x, Tensor taps, int k, Tensor alpha, Tensor weight, Tensor bias, str norm='softsign', "
    "str backend='auto') -> Tensor",
    tags=torch.Tag.pt2_compliant_tag,
)
LIBRARY.impl(NAME, ach_select_expand, "CompositeExplicitAutograd")  # type: ignore[no-untyped-call]  # torch: untyped
torch.library.register_fake(f"opbench::{NAME}", _fake, lib=LIBRARY)
register(f"opbench::{NAME}", "products", _products)
register(f"opbench::{NAME}", "elementwise", _elementwise)
register(f"opbench::{NAME}", "macs", _macs)
