"""Parameters, MACs and FLOPs of a model, attention's own products of activations apart from the rest."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from impls.hadaptive.counting import count_module, trainable
from impls.hadaptive.replacing.family import class_name
from impls.hadaptive.replacing.twice_thop import twice_thop
from opbench.counting.count import CountingError
from opbench.counting.meta_kernels import Kept

if TYPE_CHECKING:
    from opbench.counting.count import Counts

ATTENTIONS = ("timm.layers.attention.Attention", "transformers.models.bert.modeling_bert.BertSelfAttention")
"""Self-attention without a fused kernel: queries times keys and weights times values, N^2 C MACs each."""


@dataclass(frozen=True)
class Cost:
    """Of one forward pass in eval."""

    parameters: int
    """Those that train."""
    macs: int
    """Of convolutions and linear layers."""
    attention: int
    """MACs of activations with activations in attention."""
    flops: int
    """2 for each MAC of either kind, 1 for each product and each other operation."""
    twice_thop: int
    """FLOPs as tables 5 and 8 count them, see `replacing.twice_thop`."""

    def __sub__(self, other: Cost) -> Cost:
        return Cost(
            self.parameters - other.parameters,
            self.macs - other.macs,
            self.attention - other.attention,
            self.flops - other.flops,
            self.twice_thop - other.twice_thop,
        )


def cost(model: nn.Module, shape: tuple[int, ...]) -> Cost:
    """For an input of this shape, as fvcore counts (as torch counts, where fvcore has no count).

    Raises CountingError where neither has one, and where the two find different MACs.
    """
    answers = count_module(model, shape)
    counted: list[Counts] = [count for count in answers.values() if not isinstance(count, str)]
    if not counted:
        reasons = "; ".join(f"{counter}: {reason}" for counter, reason in answers.items())
        raise CountingError(f"no counter has a count of this {class_name(model)}: {reasons}")
    if len({count["macs"] for count in counted}) != 1:
        raise CountingError(f"the counters do not agree on the MACs of this {class_name(model)}: {counted}")
    counts = counted[0]
    attention = attention_macs(model, shape)
    flops = 2 * counts["macs"] + counts["products"] + counts["elementwise"]
    return Cost(trainable(model), counts["macs"] - attention, attention, flops, twice_thop(model, shape))


def attention_macs(model: nn.Module, shape: tuple[int, ...]) -> int:
    """2 B N^2 C, summed over all self-attentions, for the shapes (B, N, C) that reach them."""
    if not any(class_name(module) in ATTENTIONS for module in model.modules()):
        return 0  # and most models need no walk of a second or a copy of their weights to say so
    walked = copy.deepcopy(model).to("meta").eval()
    macs: list[int] = []

    def note(_: nn.Module, arguments: tuple[Any, ...]) -> None:
        batch, tokens, channels = arguments[0].shape
        macs.append(2 * batch * tokens**2 * channels)

    for module in walked.modules():
        if class_name(module) in ATTENTIONS:
            module.register_forward_pre_hook(note)
    with torch.no_grad(), Kept():
        walked(torch.empty(shape, device="meta"))
    return sum(macs)
