"""`auto`: which backend and schedule to use, from what was measured on a machine like this one, else by rule."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from impls.cross_hadamard.kernels import Kernels, resolve, usable
from opbench import dispatch
from opbench.errors import MachineError, UsageError

if TYPE_CHECKING:
    import torch
    from torch import Tensor

ORDER = ("cpp_ext", "triton_jit", "cupy_raw", "numba_cuda", "torch_select", "torch_eager")
"""The rule where nothing was measured: the first of these that can run. torch_compile is left out because it would
compile for seconds at every new shape."""


def selected_by(index: Tensor | None) -> int:
    """How many channels an index selects; 0 where there is none and all are multiplied."""
    return 0 if index is None else index.shape[1]


def chosen(backend: str, x: Tensor, selected: int, operator: str = "cross_hadamard") -> tuple[Kernels, str]:
    """Kernels and schedule for the backend named, or for `auto` those measured fastest at the nearest shape.

    selected: channels of x that are multiplied, 0 for all. Raises UsageError and MachineError as `kernels.resolve`.
    """
    device = "cpu" if x.is_cpu else x.device.type  # 0.2 us less than asking the device
    if backend != "auto":
        return resolve(backend, device)
    channels = x.shape[1]
    if operator == "cross_hadamard" and selected:
        channels, selected = selected, 0  # what it costs goes by the channels multiplied
    return _automatic(operator, x.device, x.dtype, x.shape[0], channels, selected, x.shape[2:])


@lru_cache(maxsize=4096)
def _automatic(
    operator: str,
    device: torch.device,
    dtype: torch.dtype,
    batch: int,
    channels: int,
    selected: int,
    spatial: torch.Size,
) -> tuple[Kernels, str]:
    edge = round(spatial.numel() ** 0.5)
    axes = {"batch": batch, "channels": channels, "selected": selected, "edge": edge}
    here = usable(device.type)
    name = dispatch.fastest(operator, device.type, str(dtype).removeprefix("torch."), axes, here)
    if not here:
        raise MachineError(f"no backend of {operator} runs on {device.type}; move x to cpu or cuda")
    if name:
        try:
            return resolve(name, device.type)
        except UsageError as exc:  # a schedule of another version
            dispatch.unknown_here(device.type, exc)
    return resolve(next(one for one in ORDER if one in here), device.type)
