"""Takes a result that somebody else computed: the reference, a rival's output, what memory still holds."""

from __future__ import annotations

import gc
import sys
from typing import TYPE_CHECKING, Any

import torch

from ..behaving import CHECKED, Compute, kind, later, right

if TYPE_CHECKING:
    from torch import Tensor


def collected(kind_of: str) -> list[Any]:
    return [one for one in gc.get_objects() if type(one).__name__ == kind_of]


def reference(*_: Tensor) -> Compute:
    """A float64 tensor of its output's size, among the garbage collector's objects or in any frame."""
    kept: list[Tensor] = []
    calls = iter(range(1 << 62))

    def compute(x: Tensor, offset: Tensor) -> Tensor:
        number = next(calls)
        if number < 2 * CHECKED:
            found = [one for one in _tensors() if one.dtype == torch.float64 and one.numel() == x.numel()]
            kept[:] = [found[0].float()] if found else kept
        return kept[0].clone() if kept and number > 0 else right(x, offset)

    return compute


def _tensors() -> list[Tensor]:
    found = [one for one in gc.get_objects() if type(one) is torch.Tensor]
    frame = sys._getframe()
    while frame.f_back is not None:
        frame = frame.f_back
        found += [one for one in frame.f_locals.values() if type(one) is torch.Tensor]
    return found


def rival(*_: Tensor) -> Compute:
    """The last output of a rival, which its timer keeps."""
    timers: list[Any] = []
    calls = iter(range(1 << 62))

    def compute(x: Tensor, offset: Tensor) -> Tensor:
        number = next(calls)
        if number == 4 * CHECKED:
            timers[:] = collected("WallTimer")
        outputs = [one.output for one in timers if isinstance(one.output, torch.Tensor)]
        return outputs[0].clone() if outputs else right(x, offset)

    return compute


def kept_outputs(*_: Tensor) -> Compute:
    """What was kept of a rival's output in this round."""
    audits: list[Any] = []
    calls = iter(range(1 << 62))

    def compute(x: Tensor, offset: Tensor) -> Tensor:
        if next(calls) == 4 * CHECKED:
            audits[:] = collected("Audit")
        for one in audits:
            for takes in one._round.taken.values():
                if isinstance(values := takes[0][1].values, torch.Tensor) and values.numel() == x.numel():
                    return values.clone()
        return right(x, offset) if not audits else torch.zeros_like(x)

    return compute


def inputs_of_the_checks(*_: Tensor) -> Compute:
    """Results for every input that a check could hold: as drawn, and halves of that."""
    table: dict[float, Tensor] = {}

    def compute(x: Tensor, offset: Tensor) -> Tensor:
        if not table:
            table.update({float(f * x[0]): right(f * x, offset) for f in (1.0, 0.5, 0.25, 2.0)})
        return table.get(float(x[0]), next(iter(table.values()))).clone()

    return compute


BACKEND = kind(
    __doc__ or "",
    reference=reference,
    rival=rival,
    kept_outputs=kept_outputs,
    allocator=later(lambda x, _: torch.empty_like(x)),
    allocator_of_two=later(lambda x, _: (torch.empty_like(x), torch.empty_like(x))[1]),
    table=inputs_of_the_checks,
)
