"""Pi-Net in PyTorch's steps, one network or many at once: what backends, counters and trainable modules share.

NCP: x1 = (A1 z) * b1 and xn = (An z) * (Sn x(n-1) + bn), where bn stands for the survey's product Bn bn of two
parameters, of which only the product counts (arXiv 2504.13112). CCP: x1 = U1 z and xn = (Un z) * x(n-1), to which its
authors add x(n-1), which is `skip` here (Chrysos et al., arXiv 2006.13026). Output: C xN + beta.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from torch.nn import functional

from opbench.errors import unknown

if TYPE_CHECKING:
    from torch import Tensor

FORMS = {"ncp": ("z", "a", "s", "b", "c", "beta"), "ccp": ("z", "a", "c", "beta")}
"""The inputs of either form, in order. a: all degrees' projections, An or Un."""

EPSILON = 1e-5
"""Added to the variance, as `torch.nn.functional.layer_norm` does."""

Norm: TypeAlias = "Callable[[Tensor], Tensor]"


@dataclass(frozen=True)
class Recursion:
    """How xn comes from x(n-1), for n from 2 on.

    form: one of FORMS. skip: x(n-1) is added. norm: LayerNorm over the hidden values then, without scale and shift.
    Raises UsageError for a form that there is not.
    """

    form: str = "ncp"
    skip: bool = False
    norm: bool = False

    def __post_init__(self) -> None:
        if self.form not in FORMS:
            raise unknown("form", self.form, FORMS, "of pi_net")


def layer_norm(x: Tensor) -> Tensor:
    """PyTorch's, of the last axis."""
    return functional.layer_norm(x, x.shape[-1:], eps=EPSILON)


def written_out(x: Tensor) -> Tensor:
    """The same step by step: five operations an element and two a row, for counters to walk."""
    centred = x - x.mean(-1, keepdim=True)
    return centred * (centred.square().mean(-1, keepdim=True) + EPSILON).rsqrt()


def projected(z: Tensor, a: Tensor) -> list[Tensor]:
    """An z of every degree, (..., batch, hidden) each, by one matrix product.

    z: (..., batch, features); a: (..., degree, hidden, features).
    """
    together = z @ a.flatten(-3, -2).mT
    return list(together.reshape(*together.shape[:-1], *a.shape[-3:-1]).unbind(-2))


def ncp(
    z: Tensor, a: Tensor, s: Tensor, b: Tensor, c: Tensor, beta: Tensor, *, skip: bool = False, norm: Norm | None = None
) -> Tensor:
    """(..., batch, classes) of z (..., batch, features).

    a: (..., degree, hidden, features); s: (..., degree - 1, hidden, hidden); b: (..., degree, hidden);
    c: (..., classes, hidden); beta: (..., classes). Leading axes are networks of their own.
    """
    first, *others = projected(z, a)
    x = first * of_rows(b, 0)
    for n, factor in enumerate(others, start=1):
        product = factor * (x @ s.select(-3, n - 1).mT + of_rows(b, n))
        x = _after(product, x, skip, norm)
    return x @ c.mT + _row(beta)


def ccp(z: Tensor, a: Tensor, c: Tensor, beta: Tensor, *, skip: bool = False, norm: Norm | None = None) -> Tensor:
    """(..., batch, classes); shapes as of `ncp`."""
    x, *others = projected(z, a)
    for factor in others:
        x = _after(factor * x, x, skip, norm)
    return x @ c.mT + _row(beta)


def _after(product: Tensor, x: Tensor, skip: bool, norm: Norm | None) -> Tensor:
    if skip:
        product = product + x
    return product if norm is None else norm(product)


def of_rows(b: Tensor, n: int) -> Tensor:
    """Degree n's part of b, to be given to all rows."""
    return _row(b.select(-2, n))


def _row(values: Tensor) -> Tensor:
    """Of one network with no axis for rows: counters tell parameters from activations by fewer axes."""
    return values if values.dim() == 1 else values.unsqueeze(-2)


def function_of(recursion: Recursion, norm: Norm = layer_norm) -> Callable[..., Tensor]:
    """The form's function of its inputs in order, with what the recursion says."""
    form, skip, used = (ncp if recursion.form == "ncp" else ccp), recursion.skip, norm if recursion.norm else None

    def function(*inputs: Tensor) -> Tensor:
        return form(*inputs, skip=skip, norm=used)

    return function
