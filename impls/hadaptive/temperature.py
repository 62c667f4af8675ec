"""The temperature of the Gumbel softmax, steered by the gradients it lets through (Algorithm 1, Eq. 7).

Each ACH module has its own: a gradient that grows heats (explore), one that shrinks cools (settle).

When the rule is applied is left to the training loop, because only there the gradient is final: accumulated over
micro-batches, averaged over processes, unscaled after mixed precision. A rule inside `forward` would find no gradient
at all, since `zero_grad` removes it by default.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from opbench.errors import UsageError

if TYPE_CHECKING:
    from torch.optim import Optimizer
    from torch.utils.hooks import RemovableHandle

COLDEST, HOTTEST = 0.01, 4.0


class Temperature(nn.Module):
    """Divides scores by tau. tau, 4.0 at first, and the last gradient norm, 0 for none yet, are buffers.

    As buffers they are in `state_dict`, are copied by `deepcopy`, broadcast by DistributedDataParallel, and are inputs
    of a compiled graph, which therefore need not be compiled again when they change.

    rate: a of Algorithm 1, above 0 and below 1; 0.01 as printed (the published code has 0.005).
    Raises UsageError for another rate.
    """

    tau: Tensor
    last_norm: Tensor

    def __init__(self, rate: float = 0.01) -> None:
        super().__init__()
        if not 0 < rate < 1:
            raise UsageError(f"temperature rate is {rate}; expected above 0 and below 1, in the paper 0.01")
        self.rate = rate
        self.register_buffer("tau", torch.tensor(HOTTEST))
        self.register_buffer("last_norm", torch.tensor(0.0))

    def forward(self, scores: Tensor) -> Tensor:
        """scores / tau, any shape. The reciprocal is a new tensor: autograd keeps that one, so that changing tau
        between a forward pass and its backward pass is not an error.
        """
        return scores * self.tau.reciprocal()

    @torch.no_grad()
    def update(self, grad: Tensor | None, factor: Tensor | None = None) -> None:
        """One step of Algorithm 1 with the gradient of the score weights; None, or one that is not finite, is no step.

        factor: what the gradient is multiplied by first, a tensor of one value; NaN is no step either.

        Branches are `where`, not `if`: reading the norm would stop a GPU.
        """
        if grad is None:
            return
        norm = grad.norm().to(self.tau.dtype)
        if factor is not None:
            norm = norm * factor.to(norm)
        direction = 2 * (norm >= self.last_norm).to(norm.dtype) - 1
        usable = norm.isfinite()
        moved = (self.tau * (1 + self.rate * direction)).clamp(COLDEST, HOTTEST)
        self.tau.copy_(torch.where(usable & (self.last_norm != 0), moved, self.tau))
        self.last_norm.copy_(torch.where(usable, norm, self.last_norm))

    def extra_repr(self) -> str:
        return f"rate={self.rate}"


class Adaptive(nn.Module):
    """What has a temperature to adapt after a backward pass; `adapt_temperatures` finds these in a model."""

    def adapt(self, factor: Tensor | None = None) -> None:
        """One step with the gradient of the module's own scores; every such module says which that is."""
        raise NotImplementedError


def adapt_temperatures(model: nn.Module, factor: Tensor | None = None) -> None:
    """Algorithm 1 once in every ACH module of `model`: call it after `backward`, before gradients are cleared.

    model: the module itself or what wraps it (DistributedDataParallel, torch.compile).
    factor: what makes gradients the true ones, such as the reciprocal of a loss scale; NaN for a step that is to be
        skipped.
    """
    for module in model.modules():
        if isinstance(module, Adaptive):
            module.adapt(factor)


def adapt_before_steps(optimizer: Optimizer, model: nn.Module) -> RemovableHandle:
    """Makes `optimizer.step()` call `adapt_temperatures(model)` first: for training loops that cannot be changed.

    A step that mixed precision skips for its infinities is skipped here too. Gradients clipped before the step count
    as clipped. Returns a handle whose `remove()` undoes it.
    """
    return optimizer.register_step_pre_hook(lambda used, *_: adapt_temperatures(model, _true_factor(used)))


def _true_factor(optimizer: Any) -> Tensor | None:
    """Of an optimiser that GradScaler lets unscale by itself, as fused ones do: it is called for skipped steps too."""
    scale, overflowed = getattr(optimizer, "grad_scale", None), getattr(optimizer, "found_inf", None)
    if overflowed is None:
        return None
    factor = torch.ones_like(overflowed) if scale is None else scale.reciprocal().to(overflowed)
    return torch.where(overflowed != 0, torch.nan, factor)
