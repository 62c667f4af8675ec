"""The gradient of `opbench_cpp::cross_hadamard`: the C++ kernel, tied to the operator that tracks it.

With y[b, (i, j)] = z[b, i] * z[b, j], the gradient of z[b, i] is the sum over j of g[b, (i, j)] * z[b, j].
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from impls.cross_hadamard.pairs import pair_indices
from impls.cross_hadamard.torch_eager import selected

if TYPE_CHECKING:
    from torch import Tensor


def _save(ctx: Any, inputs: tuple[Tensor, Tensor | None], output: Tensor) -> None:
    del output
    ctx.save_for_backward(*inputs)


def _backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
    x, index = ctx.saved_tensors
    return torch.ops.opbench_cpp.cross_hadamard_backward(grad, x, index), None


def _save_backward(ctx: Any, inputs: tuple[Tensor, Tensor, Tensor | None], output: Tensor) -> None:
    del output
    ctx.save_for_backward(*inputs)


def _double_backward(ctx: Any, cotangent: Tensor) -> tuple[Tensor, Tensor, None]:
    """The backward is bilinear in the gradient and x, so its own gradients are one product rule and itself."""
    grad, x, index = ctx.saved_tensors
    z, w = (x, cotangent) if index is None else (selected(x, index), selected(cotangent, index))
    i, j = pair_indices(z.shape[1], z.device)
    of_grad = w[:, i] * z[:, j] + z[:, i] * w[:, j]
    return of_grad, torch.ops.opbench_cpp.cross_hadamard_backward(grad, cotangent, index), None


def register() -> None:
    """Once, after the extension is loaded."""
    torch.library.register_autograd(
        "opbench_cpp::cross_hadamard_backward", _double_backward, setup_context=_save_backward
    )
    torch.library.register_autograd("opbench_cpp::cross_hadamard_tracked", _backward, setup_context=_save)
