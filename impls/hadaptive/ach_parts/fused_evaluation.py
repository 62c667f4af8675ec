"""ACH once trained and without gradients: all that follows its convolution in one call where the backend has one.

In a network a step of Python costs four times what it costs in a loop, because the layers between have put its code out
of the caches: with the checks of the public functions, these steps took as long as the products (2-core EPYC 9004, in
Hadaptive-Net-S). So this path looks only at what it must, in the modules' own dictionaries, and is left for the usual
one wherever anything is unusual.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch.nn.modules import module as nn_module

from impls.cross_hadamard.api.automatic import chosen
from impls.cross_hadamard.functional import needs_dispatcher
from impls.cross_hadamard.kernels import PUBLISHED
from impls.cross_hadamard.steps import affine, strongest
from impls.hadaptive.ach_parts.affine import in_eval
from impls.hadaptive.ach_parts.selection import LearnedSelection

if TYPE_CHECKING:
    from torch import Tensor


def fused_expansion(modules: Any, mixed: Tensor, k: int, backend: str) -> Tensor | None:
    """concat(mixed, N(pairs of the k channels that the selection chooses in eval mode)).

    modules: those of an ACH, by name. None where gradients are wanted, a graph is made, somebody watches the selection
    or the normaliser, nothing says N in one formula, or the backend's schedule is one of the paper's, which have no
    such form. Raises UsageError and MachineError for a backend that cannot run.
    """
    select, norm = modules["select"], modules["norm"]
    if type(select) is not LearnedSelection or select.training or mixed.requires_grad or torch.compiler.is_compiling():
        return None
    scores: Any = select._modules["scores"]  # noqa: SLF001
    affine_norm, taps = in_eval(norm), scores._modules["mix"]._parameters.get("weight")  # noqa: SLF001
    if affine_norm is None or taps is None or _watched(select, scores, norm):
        return None
    f, alpha, weight, bias, statistics = affine_norm
    if needs_dispatcher(mixed, taps, alpha, weight, bias):
        return None
    kernels, schedule = chosen(backend, mixed, k, "ach_expand")
    if schedule in PUBLISHED:
        return None
    if kernels.select_expand is not None:
        return kernels.select_expand(mixed, taps, k, alpha, weight, bias, f, schedule, statistics)
    if statistics is not None:
        weight, bias = affine(weight, bias, statistics)
    return kernels.expand(mixed, strongest(mixed, taps, k), alpha, weight, bias, f, schedule)


def _watched(select: Any, scores: Any, norm: Any) -> bool:
    """Whether a hook waits for one of these modules to be called, or for any module."""
    return bool(
        select._forward_hooks  # noqa: SLF001  (no public names for these)
        or scores._forward_hooks  # noqa: SLF001
        or norm._forward_hooks  # noqa: SLF001
        or select._forward_pre_hooks  # noqa: SLF001
        or scores._forward_pre_hooks  # noqa: SLF001
        or norm._forward_pre_hooks  # noqa: SLF001
        or nn_module._global_forward_hooks  # noqa: SLF001
        or nn_module._global_forward_pre_hooks  # noqa: SLF001
    )
