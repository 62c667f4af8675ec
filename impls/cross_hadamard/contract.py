"""What every backend of the cross-Hadamard product accepts, checked in one place with one wording."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch.utils.weak import WeakTensorKeyDictionary

from impls.cross_hadamard.pairs import channel_count, pair_count

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from torch import Tensor

DTYPES = (torch.float32, torch.float16, torch.bfloat16, torch.float64)


def check_input(x: Tensor) -> None:
    """Raises ValueError for a shape without channels; TypeError for what is no tensor, for sparse and other layouts,
    and for integer, boolean and complex tensors.
    """
    _check_tensor("x", x)
    if x.layout != torch.strided:
        raise TypeError(f"x has layout {x.layout}; expected torch.strided, see x.to_dense()")
    if x.dim() < 2:
        raise ValueError(f"x has shape {tuple(x.shape)}; expected (B, C, *spatial)")
    if x.dtype not in DTYPES:
        raise TypeError(f"x is {x.dtype}; expected float32, float16, bfloat16 or float64")


def _check_tensor(name: str, value: object) -> None:
    if not isinstance(value, torch.Tensor):
        raise TypeError(f"{name} is {type(value).__name__}; expected a torch.Tensor")


def check_index(x: Tensor, index: Tensor) -> None:
    """Raises TypeError for a dtype other than int64, ValueError for a wrong shape or device.

    The values are checked apart (`check_index_values`), because reading them stops a GPU.
    """
    _check_tensor("index", index)
    if index.dtype != torch.int64:
        raise TypeError(f"index is {index.dtype}; expected torch.int64")
    if index.dim() != 2 or index.shape[0] != x.shape[0]:
        raise ValueError(f"index has shape {tuple(index.shape)}; expected (B, k) with B = {x.shape[0]} as in x")
    if index.device != x.device:
        raise ValueError(f"index is on {index.device} and x on {x.device}; expected one device")


def check_index_values(x: Tensor, index: Tensor | None) -> None:
    """Raises IndexError naming the first value outside 0 <= index < C.

    On a GPU the values of one tensor are read once until it changes, because reading them stops the stream, and not
    at all while a graph is captured; kernels treat a channel that does not exist as NaN, and never touch its memory.
    """
    if index is None or index.is_meta:
        return
    channels = x.shape[1]
    if index.is_cuda and not _unseen(index, channels):
        return
    outside = index[(index < 0) | (index >= channels)]
    if outside.numel():
        raise IndexError(f"index holds {int(outside[0])}; expected 0 <= index < C = {channels}")
    if index.is_cuda and not index.is_inference():
        _SEEN[index] = (index._version, channels)  # noqa: SLF001  (PyTorch's own count of changes in place)


def trust(index: Tensor, channels: int) -> None:
    """Lets `check_index_values` take the values of `index` for granted: what a top-k of `channels` scores gives.

    For whoever makes an index and hands it to nobody else: every step has a new one, and reading each stops a GPU.
    """
    if index.is_cuda and not torch.compiler.is_compiling():
        _SEEN[index] = (_TRUSTED, channels)


_SEEN: MutableMapping[Tensor, tuple[int, int]] = WeakTensorKeyDictionary()
_TRUSTED = -1


def _unseen(index: Tensor, channels: int) -> bool:
    if torch.cuda.is_current_stream_capturing():
        return False
    seen = _SEEN.get(index)
    if seen == (_TRUSTED, channels):
        return False
    return index.is_inference() or seen != (index._version, channels)  # noqa: SLF001


def check_out(x: Tensor, index: Tensor | None, out: Tensor) -> None:
    """Raises ValueError or TypeError unless `out` has the output's shape, dtype and device.

    Raises RuntimeError when a gradient would be lost: writing into a given tensor is not differentiable.
    """
    _check_tensor("out", out)
    expected = (x.shape[0], pair_count(channel_count(x, index)), *x.shape[2:])
    if tuple(out.shape) != expected:
        raise ValueError(f"out has shape {tuple(out.shape)}; expected {expected}")
    if out.dtype != x.dtype:
        raise TypeError(f"out is {out.dtype}; expected {x.dtype} as x")
    if out.device != x.device:
        raise ValueError(f"out is on {out.device} and x on {x.device}; expected one device")
    if torch.is_grad_enabled() and (x.requires_grad or out.requires_grad):
        raise RuntimeError("out= is not differentiable and x requires grad; leave out= away, or use torch.no_grad()")


def check_parameters(x: Tensor, k: int, alpha: Tensor, weight: Tensor, bias: Tensor) -> None:
    """Raises ValueError or TypeError unless alpha is one value, weight and bias (P,), in x's dtype or float32."""
    pairs = pair_count(k)
    for name, tensor, elements in (("alpha", alpha, 1), ("weight", weight, pairs), ("bias", bias, pairs)):
        _check_tensor(name, tensor)
        if tensor.numel() != elements or tensor.dim() > 1:
            expected = "one value, () or (1,)" if name == "alpha" else f"({pairs},) for k = {k}"
            raise ValueError(f"{name} has shape {tuple(tensor.shape)}; expected {expected}")
        if tensor.dtype not in {x.dtype, torch.float32}:
            raise TypeError(f"{name} is {tensor.dtype}; expected {x.dtype} as x, or torch.float32")
        if tensor.device != x.device:
            raise ValueError(f"{name} is on {tensor.device} and x on {x.device}; expected one device")
