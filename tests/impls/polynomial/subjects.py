"""What tests of Pi-Net share: inputs of either form, and all ways to go from one degree to the next."""

from __future__ import annotations

import itertools

import torch
from torch import Tensor

from impls.polynomial.pi_net.definition import FORMS, Recursion

RECURSIONS = [
    Recursion(form, skip, norm) for form, skip, norm in itertools.product(FORMS, (False, True), (False, True))
]


def drawn(
    form: str,
    *,
    batch: int = 5,
    features: int = 11,
    hidden: int = 7,
    degree: int = 3,
    classes: int = 3,
    dtype: torch.dtype = torch.float64,
) -> tuple[Tensor, ...]:
    """The form's inputs in order."""
    random = torch.Generator().manual_seed(degree + hidden)
    shapes = {
        "z": (batch, features),
        "a": (degree, hidden, features),
        "s": (degree - 1, hidden, hidden),
        "b": (degree, hidden),
        "c": (classes, hidden),
        "beta": (classes,),
    }
    return tuple(torch.randn(shapes[name], generator=random, dtype=torch.float64).to(dtype) / 2 for name in FORMS[form])
