"""The torch.library operators `opbench::cross_hadamard` and `opbench::ach_expand`: one name for all backends.

The backend is an argument, a string such as `triton_jit:blocked`, so that a compiled or exported graph says which
kernels it holds. What each operator needs stands here: schema, kernel, shapes without data (fake), cost, gradient.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch

from impls.cross_hadamard.api import derivatives
from impls.cross_hadamard.api.automatic import chosen, selected_by
from impls.cross_hadamard.norms import ELEMENTWISE
from impls.cross_hadamard.pairs import channel_count, pair_count
from opbench.counting.count import register

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from impls.cross_hadamard.kernels import Gradients

LIBRARY = torch.library.Library("opbench", "FRAGMENT")  # type: ignore[no-untyped-call]  # torch leaves it untyped

_PARAMETERS = "Tensor alpha, Tensor weight, Tensor bias, str norm='softsign', str backend='auto'"

SCHEMAS = (
    "cross_hadamard(Tensor x, Tensor? index=None, str backend='auto') -> Tensor",
    "cross_hadamard_out(Tensor x, Tensor? index, Tensor(a!) out, str backend='auto') -> ()",
    "cross_hadamard_backward(Tensor grad, Tensor x, Tensor? index=None, str backend='auto') -> Tensor",
    f"ach_expand(Tensor x, Tensor index, {_PARAMETERS}) -> Tensor",
    f"ach_expand_backward(Tensor grad, Tensor x, Tensor index, {_PARAMETERS}) -> (Tensor, Tensor, Tensor, Tensor)",
)


def cross_hadamard(x: Tensor, index: Tensor | None = None, backend: str = "auto") -> Tensor:
    kernels, schedule = chosen(backend, x, selected_by(index))
    return kernels.forward(x, index, None, schedule)


def cross_hadamard_out(x: Tensor, index: Tensor | None, out: Tensor, backend: str = "auto") -> None:
    kernels, schedule = chosen(backend, x, selected_by(index))
    kernels.forward(x, index, out, schedule)


def cross_hadamard_backward(grad: Tensor, x: Tensor, index: Tensor | None = None, backend: str = "auto") -> Tensor:
    return chosen(backend, x, selected_by(index))[0].backward(grad, x, index)


def ach_expand(
    x: Tensor,
    index: Tensor,
    alpha: Tensor,
    weight: Tensor,
    bias: Tensor,
    norm: str = "softsign",
    backend: str = "auto",
) -> Tensor:
    kernels, schedule = chosen(backend, x, selected_by(index), "ach_expand")
    return kernels.expand(x, index, alpha, weight, bias, norm, schedule)


def ach_expand_backward(
    grad: Tensor,
    x: Tensor,
    index: Tensor,
    alpha: Tensor,
    weight: Tensor,
    bias: Tensor,
    norm: str = "softsign",
    backend: str = "auto",
) -> Gradients:
    kernels, _ = chosen(backend, x, selected_by(index), "ach_expand")
    return kernels.expand_backward(grad, x, index, alpha, weight, bias, norm)


def _empty(x: Tensor, index: Tensor | None, leading: int = 0) -> Tensor:
    """Room for the pairs, after `leading` channels."""
    channels = leading + pair_count(channel_count(x, index))
    return torch.empty((x.shape[0], channels, *x.shape[2:]), dtype=x.dtype, device=x.device)


def _fake_forward(x: Tensor, index: Tensor | None = None, backend: str = "auto") -> Tensor:
    del backend
    return _empty(x, index)


def _fake_out(x: Tensor, index: Tensor | None, out: Tensor, backend: str = "auto") -> None:
    """Nothing to allocate: the output is an argument."""


def _fake_backward(grad: Tensor, x: Tensor, index: Tensor | None = None, backend: str = "auto") -> Tensor:
    del grad, index, backend
    return torch.empty_like(x, memory_format=torch.contiguous_format)


def _fake_expand(x: Tensor, index: Tensor, *_: object, **__: object) -> Tensor:
    return _empty(x, index, leading=x.shape[1])


def _fake_expand_backward(
    grad: Tensor, x: Tensor, index: Tensor, alpha: Tensor, weight: Tensor, bias: Tensor, *_: object, **__: object
) -> Gradients:
    del grad, index
    like = torch.empty_like
    return like(x, memory_format=torch.contiguous_format), like(alpha), like(weight), like(bias)


def _register() -> None:
    for schema in SCHEMAS:
        LIBRARY.define(schema, tags=torch.Tag.pt2_compliant_tag)  # type: ignore[no-untyped-call]  # torch: untyped
    for kernel, fake in (
        (cross_hadamard, _fake_forward),
        (cross_hadamard_out, _fake_out),
        (cross_hadamard_backward, _fake_backward),
        (ach_expand, _fake_expand),
        (ach_expand_backward, _fake_expand_backward),
    ):
        LIBRARY.impl(kernel.__name__, kernel, "CompositeExplicitAutograd")  # type: ignore[no-untyped-call]  # torch: untyped
        torch.library.register_fake(f"opbench::{kernel.__name__}", fake, lib=LIBRARY)
    derivatives.register(LIBRARY)


def _count_ach(shapes: Sequence[tuple[int, ...] | None], output: tuple[int, ...]) -> int:
    """Elements of the pairs' part of the output, from the shapes of x and of the output."""
    x = shapes[0] or ()
    return math.prod(output) - math.prod(x)


_register()
register("opbench::cross_hadamard_backward", "macs", lambda shapes, _: 2 * math.prod(shapes[0] or ()))
register("opbench::cross_hadamard", "products", lambda _, output: math.prod(output))
register("opbench::ach_expand", "products", _count_ach)
register(
    "opbench::ach_expand", "elementwise", lambda shapes, output: ELEMENTWISE["softsign"] * _count_ach(shapes, output)
)
