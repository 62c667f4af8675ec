"""ACH once trained and without gradients: all that follows its convolution in one call where the backend has one.

In a network a step of Python costs four times what it costs in a loop, because the layers between have put its code out
of the caches: with the checks of the public functions, these steps took as long as the products (2-core EPYC 9004, in
Hadaptive-Net-S). So this path looks only at what it must, and is left for the usual one wherever anything is unusual.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from impls.cross_hadamard.automatic import chosen
from impls.cross_hadamard.functional import needs_dispatcher
from impls.cross_hadamard.kernels import PUBLISHED
from impls.cross_hadamard.steps import strongest
from impls.hadaptive.affine import in_eval
from impls.hadaptive.selection import LearnedSelection

if TYPE_CHECKING:
    from torch import Tensor, nn


def settled(select: nn.Module, norm: nn.Module, mixed: Tensor, backend: str) -> Tensor | None:
    """concat(mixed, N(pairs of the channels that `select` chooses in eval mode)).

    None where gradients are wanted, a graph is made, somebody watches these modules, nothing says N in one formula, or
    the backend's schedule is one of the paper's, which have no such form.
    Raises UsageError and MachineError for a backend that cannot run.
    """
    if type(select) is not LearnedSelection or needs_dispatcher(mixed):
        return None
    kernels, schedule = chosen(backend, mixed, select.k, "ach_expand")
    affine, scores = in_eval(norm), select.scores
    if affine is None or schedule in PUBLISHED or _watched(select) or _watched(scores) or _watched(norm):
        return None
    f, alpha, weight, bias = affine
    if torch.is_grad_enabled() and (mixed.requires_grad or alpha.requires_grad or _trains(norm)):
        return None
    taps = scores.mix.weight
    if kernels.select_expand is not None:
        return kernels.select_expand(mixed, taps, select.k, alpha, weight, bias, f, schedule)
    return kernels.expand(mixed, strongest(mixed, taps, select.k), alpha, weight, bias, f, schedule)


def _trains(norm: Any) -> bool:
    return bool(norm.weight.requires_grad or norm.bias.requires_grad)


def _watched(module: nn.Module) -> bool:
    """Whether a hook waits for this module to be called."""
    return bool(module._forward_hooks or module._forward_pre_hooks)  # noqa: SLF001  (no public name)
