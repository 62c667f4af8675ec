"""From tensors to one launch of the Triton kernels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
import triton

from impls.cross_hadamard.gpu.triton_kernels.language import accumulator, launch
from impls.gated_product.gpu import programs

if TYPE_CHECKING:
    from torch import Tensor

MOST_BLOCK, WARPS = 1024, 4
"""Elements of a program at most: eight a thread, one 16-byte access of float32 twice."""


def forward(gate: Tensor, value: Tensor, form: str, out: Tensor | None) -> Tensor:
    """f(gate) * value of (tokens, width); rows may be strided, their elements are contiguous."""
    target = torch.empty(gate.shape, dtype=gate.dtype, device=gate.device) if out is None else out
    if target.numel():
        tensors = (gate, value, target)
        _launch(programs.forward, gate, (*tensors, gate.shape[1], *_strides(tensors)), form)
    return target


def backward(grad: Tensor, gate: Tensor, value: Tensor, form: str, packed: Tensor | None) -> Tensor:
    """The gradient of gate, or of `packed`, of which gate and value are the halves; that of value is made too."""
    found = torch.empty_like(packed) if packed is not None else gate.new_empty(2, *gate.shape)
    of_gate, of_value = found.chunk(2, dim=1) if packed is not None else found.unbind()
    if gate.numel():
        tensors = (grad, gate, value, of_gate, of_value)
        _launch(programs.backward, gate, (*tensors, gate.shape[1], *_strides(tensors)), form)
    return of_gate if packed is None else found


def _strides(tensors: tuple[Tensor, ...]) -> tuple[int, ...]:
    return tuple(tensor.stride(0) for tensor in tensors)


def _launch(kernel: Any, gate: Tensor, arguments: tuple[Any, ...], form: str) -> None:
    tokens, width = gate.shape
    block = min(MOST_BLOCK, max(32, triton.next_power_of_2(width)))
    pieces = -(-width // block)
    fixed = {"form": form, "wide": accumulator(gate.dtype), "block": block, "num_warps": WARPS}
    launch(kernel, (tokens * pieces,), gate, (*arguments, pieces), fixed)
