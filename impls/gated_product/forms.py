"""The functions f of y = f(gate) * value, by name: what PyTorch calls them, and their definitions in float64."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import torch
from torch.nn import functional

from opbench.errors import unknown

if TYPE_CHECKING:
    from torch import Tensor

FORMS: dict[str, Callable[[Tensor], Tensor]] = {
    "silu": functional.silu,
    "gelu": functional.gelu,
    "gelu_tanh": partial(functional.gelu, approximate="tanh"),
    "sigmoid": torch.sigmoid,
    "relu": functional.relu,
}
"""SwiGLU, GEGLU, GEGLU with the tanh approximation, GLU, ReGLU (Shazeer, "GLU Variants Improve Transformer",
arXiv 2002.05202; the plain product of two projections, "bilinear", is `cross_hadamard`'s subject)."""


def check_form(form: str) -> None:
    """Raises UsageError for a form that there is not."""
    if form not in FORMS:
        raise unknown("form", form, FORMS, "of gated_product")


def definition(gate: Tensor, value: Tensor, form: str) -> Tensor:
    """The product by formulas of this file's own, not by PyTorch's functions; for float64.

    gelu: g * Phi(g). gelu_tanh: 0.5 * g * (1 + tanh(sqrt(2 / pi) * (g + 0.044715 * g^3))).
    """
    if form == "relu":
        return torch.maximum(gate, torch.zeros_like(gate)) * value
    if form == "gelu":
        below: Tensor = torch.special.ndtr(gate)
        return gate * below * value
    if form == "gelu_tanh":
        inner = (2 / torch.pi) ** 0.5 * (gate + 0.044715 * gate**3)
        return 0.5 * gate * (1 + torch.tanh(inner)) * value
    opened = 1 / (1 + torch.exp(-gate))
    return opened * value if form == "sigmoid" else gate * opened * value


def halves(packed: Tensor) -> tuple[Tensor, Tensor]:
    """Views of (tokens, 2 * width): gate (tokens, width), value (tokens, width)."""
    gate, value = packed.chunk(2, dim=1)
    return gate, value
