"""Indices that do not look at their input: the first channels of every sample, and drawn sets; kept between calls.

On a GPU the bounds check reads the values of every index tensor that it has not seen before, and that stops the
stream. An index made anew for each training step would stop it each time; this one is the same tensor.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

CACHED = 64
_KEPT: dict[tuple[str, int, int, int, str], Tensor] = {}


def first_channels(batch: int, k: int, device: torch.device) -> Tensor:
    """(batch, k) int64 with rows 0, 1, ..., k-1. Not to be written to."""
    return _kept("first", batch, k, k, device, lambda: torch.arange(k, device=device).repeat(batch, 1))


def drawn_channels(batch: int, channels: int, k: int, device: torch.device) -> Tensor:
    """(batch, k) int64: for each place in a batch a set of k of `channels`, uniformly drawn. Not to be written to.

    The same in every call and on every device; PyTorch's global generator is left alone.
    """

    def make() -> Tensor:
        noise = torch.rand(batch, channels, generator=torch.Generator().manual_seed(channels))
        return noise.topk(k, dim=1).indices

    return _kept("drawn", batch, channels, k, device, make)


def _kept(kind: str, batch: int, channels: int, k: int, device: torch.device, make: Callable[[], Tensor]) -> Tensor:
    # What is made in a graph, or under a mode that fakes tensors, belongs there; its batch may stand for any number.
    if torch.compiler.is_compiling() or torch._C._len_torch_dispatch_stack():  # noqa: SLF001  (no public name)
        return make().to(device)
    key = kind, int(batch), channels, k, str(device)
    index = _KEPT.get(key)
    if index is None:
        if len(_KEPT) >= CACHED:
            _KEPT.clear()
        with torch.inference_mode(mode=False):
            index = _KEPT[key] = make().to(device)
    return index  # not looked up again: another thread may have cleared
