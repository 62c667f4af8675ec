"""The gradient of `opbench_cpp::cross_hadamard`: the C++ kernel, tied to the operator that tracks it.

With y[b, (i, j)] = z[b, i] * z[b, j], the gradient of z[b, i] is the sum over j of g[b, (i, j)] * z[b, j].
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from torch import Tensor


def _save(ctx: Any, inputs: tuple[Tensor, Tensor | None], output: Tensor) -> None:
    del output
    ctx.save_for_backward(*inputs)


def _backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
    x, index = ctx.saved_tensors
    return torch.ops.opbench_cpp.cross_hadamard_backward(grad, x, index), None


def register() -> None:
    """Once, after the extension is loaded."""
    torch.library.register_autograd("opbench_cpp::cross_hadamard_tracked", _backward, setup_context=_save)
