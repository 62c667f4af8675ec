"""What is kept of an output until it is compared: so few elements that keeping them is cheap, and where they lie.

The places are drawn once the call that made the output has returned, so nobody could compute just those.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import torch

from opbench.measure.compare import unusual
from opbench.measure.timing.clock import Timer

ELEMENTS = 1 << 16
"""Elements of an output that are looked at, at most twice as many. All of a smaller one."""

EDGE = 1 << 10
"""Elements at either end that are looked at in any case: what a kernel does with a remainder shows there."""


@dataclass(frozen=True)
class Places:
    """Every `step`-th element from `start` on, and those at both ends; all where step is 1."""

    start: int = 0
    step: int = 1

    def of(self, output: torch.Tensor) -> torch.Tensor:
        """A copy of those elements, flat."""
        flat = output.detach().reshape(-1)
        if self.step == 1:
            return flat.clone()
        return torch.cat([flat[:EDGE], flat[self.start :: self.step], flat[-EDGE:]])


def drawn_places(count: int, draw: Callable[[], float]) -> Places:
    """For an output of so many elements: from half of ELEMENTS to all of them, evenly, in a step nobody knows."""
    if count <= ELEMENTS:
        return Places()
    least = -(-count // ELEMENTS)
    step = least + int(draw() * (least + 1))
    return Places(int(draw() * step), step)


@dataclass(frozen=True)
class Taken:
    """Of one output. values: its elements at `places`, or what was returned in place of a tensor.

    problem: what is wrong with it whatever its values are, or "".
    """

    values: Any
    shape: torch.Size
    places: Places
    problem: str


def take(output: Any, inputs: Iterable[torch.Tensor], draw: Callable[[], float]) -> Taken:
    """Copies at once, so that what is written later is written too late."""
    if not isinstance(output, torch.Tensor):
        return Taken(output, torch.Size(), Places(), "")
    if problem := unusual(output):
        return Taken(None, output.shape, Places(), problem)
    places = drawn_places(output.numel(), draw)
    values = places.of(output)
    shared = _share_memory(output, inputs)
    return Taken(values, output.shape, places, "returned memory of its input" if shared else "")


def is_held(timer: Timer) -> bool:
    """Whether anybody beside the timer has the last output, or its memory: it is not fresh, and may be written again.

    PyTorch counts who uses a storage: the tensor, the name that it is asked by here, and the tensor that it is a view
    of. Rings of buffers, whatever their length, show so.
    """
    if not isinstance(timer.output, torch.Tensor) or not timer.output.numel():
        return False
    if sys.getrefcount(timer.output) > 2:
        return True
    if timer.output.layout is not torch.strided:
        return False
    viewed = timer.output._base is not None  # noqa: SLF001  # there is no public name
    if viewed and sys.getrefcount(timer.output._base) > 2:  # noqa: SLF001
        return True
    users: int = torch._C._storage_Use_Count(timer.output.untyped_storage()._cdata)  # noqa: SLF001
    return users > 2 + viewed


def _share_memory(output: torch.Tensor, inputs: Iterable[torch.Tensor]) -> bool:
    mine = output.untyped_storage().data_ptr() if output.numel() else 0
    return bool(mine) and any(mine == one.untyped_storage().data_ptr() for one in inputs)
