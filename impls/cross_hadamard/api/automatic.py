"""`auto`: which backend and schedule to use, from what was measured on a machine like this one, else by rule."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from impls.cross_hadamard.kernels import Kernels, entry_of, resolve, usable
from opbench import dispatch
from opbench.errors import MachineError, UsageError

if TYPE_CHECKING:
    import torch
    from torch import Tensor


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
    return resolve(by_rule(device.type), device.type)


def by_rule(device: str) -> str:
    """The backend where nothing was measured: of those that can run, and compile nothing at a new shape, the one of the
    lowest rank.
    """
    return _lowest_rank(usable(device))


@lru_cache(maxsize=8)
def _lowest_rank(names: tuple[str, ...]) -> str:
    quick = {name: entry for name in names if not (entry := entry_of(name)).compiles_each_point}
    return min(quick, key=lambda name: (quick[name].rank, name))
