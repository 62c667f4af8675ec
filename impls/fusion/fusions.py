"""Fusions of two views into one vector, between the same encoders and the same head, and their widths at equal size.

Encoders e_v = gelu(x_v A_v + a_v), one a view; head: classes of gelu(f H + h). Only f differs, and with it the width
that a number of parameters allows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import torch
from torch.nn import functional

from impls.fusion.digits import CLASSES
from impls.fusion.stacked import Parameters, Shapes, count, linear
from opbench.errors import UsageError

if TYPE_CHECKING:
    from torch import Tensor

Fuse: TypeAlias = "Callable[[Parameters, Tensor, Tensor], Tensor]"
"""From both views' features, (models, images, width), to (models, images, factor * width)."""

TOKEN = 8
"""Features of a token: cross-attention takes a view's features as width / 8 tokens of 8."""


@dataclass(frozen=True)
class Fusion:
    """factor: of the fused width over an encoder's. step: widths are multiples of it. extra: parameters of its own."""

    about: str
    fuse: Fuse
    factor: int = 1
    step: int = 1
    extra: Shapes | None = None


def attended(parameters: Parameters, asking: Tensor, asked: Tensor, name: str) -> Tensor:
    """softmax(Q K^T / sqrt(8)) V O, the queries of one view's tokens, keys and values of the other's; one head."""
    models, images, width = asking.shape

    def projected(x: Tensor, which: str) -> Tensor:
        flat = torch.bmm(x.reshape(models, -1, TOKEN), parameters[f"{name}_{which}"])
        return flat.reshape(models * images, 1, width // TOKEN, TOKEN)

    mixed = functional.scaled_dot_product_attention(
        projected(asking, "query"), projected(asked, "key"), projected(asked, "value")
    )
    return torch.bmm(mixed.reshape(models, -1, TOKEN), parameters[f"{name}_out"]).reshape(asking.shape)


def _crossed(parameters: Parameters, left: Tensor, right: Tensor) -> Tensor:
    asked_right, asked_left = attended(parameters, left, right, "right"), attended(parameters, right, left, "left")
    return left + asked_right + right + asked_left


def _of_left(_: Parameters, left: Tensor, __: Tensor) -> Tensor:
    return left


FUSIONS: Mapping[str, Fusion] = {
    "product": Fusion("e_a * e_b", lambda _, left, right: left * right),
    "concatenation": Fusion("[e_a, e_b]", lambda _, left, right: torch.cat([left, right], 2), factor=2),
    "sum": Fusion("e_a + e_b", lambda _, left, right: left + right),
    "cross-attention": Fusion(
        "e_a + A(e_a, e_b) + e_b + A(e_b, e_a)",
        _crossed,
        step=TOKEN,
        extra={
            f"{name}_{which}": (TOKEN, TOKEN)
            for name in ("left", "right")
            for which in ("query", "key", "value", "out")
        },
    ),
    "sum and product": Fusion("e_a + e_b + e_a * e_b", lambda _, left, right: left + right + left * right),
    "clean view alone": Fusion("e_a", _of_left),
}


def shapes(fusion: Fusion, inputs: tuple[int, int], width: int, hidden: int) -> Shapes:
    """Of one model. inputs: of either view; hidden: units of the head."""
    left, right = inputs
    encoders = {"left": (left, width), "left_bias": (width,)}
    if fusion.fuse is not _of_left:
        encoders |= {"right": (right, width), "right_bias": (width,)}
    head = {
        "head": (fusion.factor * width, hidden),
        "head_bias": (hidden,),
        "classes": (hidden, CLASSES),
        "classes_bias": (CLASSES,),
    }
    return {**encoders, **(fusion.extra or {}), **head}


def fitting(fusion: Fusion, inputs: tuple[int, int], most: int) -> Shapes:
    """The widest model of at most `most` parameters; what its step of width leaves over is given to the head.

    The head has as many hidden units as an encoder has features, and more only by that rest. Raises UsageError where
    not even the narrowest fits.
    """
    width = 0
    while count(shapes(fusion, inputs, width + fusion.step, width + fusion.step)) <= most:
        width += fusion.step
    if not width:
        least = count(shapes(fusion, inputs, fusion.step, fusion.step))
        raise UsageError(f"{most} parameters; expected {least} at least, which the narrowest model has")
    hidden = width
    while count(shapes(fusion, inputs, width, hidden + 1)) <= most:
        hidden += 1
    return shapes(fusion, inputs, width, hidden)


def logits(fusion: Fusion, parameters: Parameters, a: Tensor, b: Tensor) -> Tensor:
    """a, b: (models, images, inputs). Returns (models, images, 10)."""
    left = functional.gelu(linear(a, parameters["left"], parameters["left_bias"]))
    other = "right" in parameters
    right = functional.gelu(linear(b, parameters["right"], parameters["right_bias"])) if other else left
    fused = fusion.fuse(parameters, left, right)
    hidden = functional.gelu(linear(fused, parameters["head"], parameters["head_bias"]))
    return linear(hidden, parameters["classes"], parameters["classes_bias"])
