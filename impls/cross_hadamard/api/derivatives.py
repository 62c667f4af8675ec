"""Autograd of the registered operators: first gradients by every backend's own kernels, second ones by the formula.

With y[b, (i, j)] = z[b, i] * z[b, j], the gradient of z[b, i] is the sum over j of g[b, (i, j)] * z[b, j].
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from impls.cross_hadamard import steps

if TYPE_CHECKING:
    from torch import Tensor

BACKENDLESS = (None, None)
"""Gradients of the arguments that are names: norm and backend."""


def _ops() -> Any:
    return torch.ops.opbench


def save_pairs(ctx: Any, inputs: tuple[Any, ...], output: Any = None) -> None:
    del output
    *tensors, ctx.backend = inputs
    ctx.save_for_backward(*tensors)


def pairs_backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None]:
    x, index = ctx.saved_tensors
    return _ops().cross_hadamard_backward(grad, x, index, ctx.backend), None, None


def _pairs_double_backward(ctx: Any, cotangent: Tensor) -> tuple[Tensor, Tensor, None, None]:
    """The backward is bilinear in the gradient and x, so its own gradients are one product rule and itself."""
    grad, x, index = ctx.saved_tensors
    z, w = (x, cotangent) if index is None else (steps.selected(x, index), steps.selected(cotangent, index))
    i, j = steps.pairs_for(x, index)
    of_grad = w[:, i] * z[:, j] + z[:, i] * w[:, j]
    return of_grad, _ops().cross_hadamard_backward(grad, cotangent, index, ctx.backend), None, None


def save_expansion(ctx: Any, inputs: tuple[Any, ...], output: Any = None) -> None:
    del output
    *tensors, ctx.norm, ctx.backend = inputs
    ctx.save_for_backward(*tensors)


def expansion_backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
    x, index, *parameters = ctx.saved_tensors
    gradients = _ops().ach_expand_backward(grad, x, index, *parameters, ctx.norm, ctx.backend)
    return gradients[0], None, *gradients[1:], *BACKENDLESS


def _expansion_double_backward(ctx: Any, *cotangents: Tensor) -> tuple[Tensor | None, ...]:
    """Second gradients are rare enough to be derived from the eager steps by autograd itself."""
    grad, x, index, *parameters = ctx.saved_tensors
    further = torch.is_grad_enabled()  # somebody wants a third one
    with torch.enable_grad():
        inputs = [_alias(one) for one in (grad, x, *parameters)]
        tables = steps.tables_for(x, index)
        gradients = steps.expansion_gradients(
            inputs[0], inputs[1], index, inputs[2], inputs[3], inputs[4], ctx.norm, tables, steps.gathered
        )
        differentiable = [(one, by) for one, by in zip(gradients, cotangents, strict=True) if one.requires_grad]
        of_grad, of_x, *of_parameters = torch.autograd.grad(
            [one for one, _ in differentiable],
            inputs,
            [by for _, by in differentiable],
            allow_unused=True,
            create_graph=further,
        )
    return of_grad, of_x, None, *of_parameters, *BACKENDLESS


def _alias(tensor: Tensor) -> Tensor:
    """A tensor to differentiate by: grad depends on x, and a derivative by x itself would count that path too."""
    return tensor.view_as(tensor) if tensor.requires_grad else tensor.detach().requires_grad_()


def register(library: torch.library.Library) -> None:
    """Once, when the operators are defined."""
    for name, backward, setup in (
        ("cross_hadamard", pairs_backward, save_pairs),
        ("cross_hadamard_backward", _pairs_double_backward, save_pairs),
        ("ach_expand", expansion_backward, save_expansion),
        ("ach_expand_backward", _expansion_double_backward, save_expansion),
    ):
        torch.library.register_autograd(f"opbench::{name}", backward, setup_context=setup, lib=library)
