"""An index that does not choose: channels 0 to k-1 of every sample, kept between calls.

On a GPU the bounds check reads the values of every index tensor that it has not seen before, and that stops the
stream. An index made anew for each training step would stop it each time; this one is the same tensor.
"""

from __future__ import annotations

import torch
from torch import Tensor

CACHED = 64
_KEPT: dict[tuple[int, int, str], Tensor] = {}


def first_channels(batch: int, k: int, device: torch.device) -> Tensor:
    """(batch, k) int64 with rows 0, 1, ..., k-1. Not to be written to."""
    # What is made in a graph, or under a mode that fakes tensors, belongs there.
    if torch.compiler.is_compiling() or torch._C._len_torch_dispatch_stack():  # noqa: SLF001  (no public name)
        return _made(batch, k, device)
    key = (int(batch), k, str(device))
    index = _KEPT.get(key)
    if index is None:
        if len(_KEPT) >= CACHED:
            _KEPT.clear()
        with torch.inference_mode(mode=False):
            index = _KEPT[key] = _made(int(batch), k, device)
    return index  # not looked up again: another thread may have cleared


def _made(batch: int, k: int, device: torch.device) -> Tensor:
    return torch.arange(k, device=device).repeat(batch, 1)
