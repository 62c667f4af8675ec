"""A classifier of one hidden layer with a Hadamard mask, and what stands beside it: other places, sums, penalties.

logits = W2 gelu(W1 (g * x) + b1) + b2 with g = 2 / (1 + e^-m), element by element. m begins at zero and g at one, so
that every variant begins as the classifier without a mask.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch.nn import functional

from impls.fusion.stacked import Parameters, Shapes, linear

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Variant:
    """learned: the vector that is trained beside weights and biases. fixed: where gates come from that are not.

    penalised: the vector (models, inputs) whose sum is added to the loss, times one of `mask.PENALTIES`.
    """

    about: str
    learned: str | None = None
    fixed: str | None = None
    penalised: str | None = None


VARIANTS: Mapping[str, Variant] = {
    "none": Variant("no mask"),
    "random": Variant("gates drawn from 0 to 2 and kept", fixed="random"),
    "learned": Variant("a gate for each input, learned", learned="mask"),
    "hidden": Variant("as many gates, learned, of the hidden layer", learned="hidden_mask"),
    "shift": Variant("as many numbers, learned, added to the inputs", learned="shift"),
    "penalised": Variant("learned gates whose sum costs", learned="mask", penalised="gates"),
    "permuted": Variant("the gates of `penalised` at other inputs, kept", fixed="permuted"),
    "rows": Variant("no mask; the norms of the inputs' weights cost", penalised="rows"),
}


def shapes(inputs: int, classes: int, learned: str | None) -> Shapes:
    """As many hidden units as inputs, so that a vector of gates has as many parameters at either place."""
    weights = {"first": (inputs, inputs), "first_bias": (inputs,), "second": (inputs, classes), "bias": (classes,)}
    return weights | ({learned: (inputs,)} if learned else {})


def gates(parameters: Parameters, name: str = "mask") -> Tensor:
    """(models, inputs), from 0 to 2."""
    return 2 * torch.sigmoid(parameters[name])


def row_norms(parameters: Parameters) -> Tensor:
    """Of each input's weights, (models, inputs)."""
    norms: Tensor = torch.linalg.vector_norm(parameters["first"], dim=2)
    return norms


def logits(parameters: Parameters, x: Tensor, fixed: Tensor | None = None) -> Tensor:
    """x: (models, images, inputs); fixed: (models, inputs), gates that are not learned."""
    if fixed is not None:
        x = x * fixed[:, None]
    if "mask" in parameters:
        x = x * gates(parameters)[:, None]
    if "shift" in parameters:
        x = x + parameters["shift"][:, None]
    hidden = functional.gelu(linear(x, parameters["first"], parameters["first_bias"]))
    if "hidden_mask" in parameters:
        hidden = hidden * gates(parameters, "hidden_mask")[:, None]
    return linear(hidden, parameters["second"], parameters["bias"])


PENALISED = {"gates": gates, "rows": row_norms}
