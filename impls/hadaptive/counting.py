"""What a module costs, by fvcore and by torch's counter, without computing anything."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from opbench.counting import count

if TYPE_CHECKING:
    from opbench.counting import Counts


def count_module(module: nn.Module, shape: tuple[int, ...]) -> dict[str, Counts | str]:
    """Counts of one forward pass in eval on an input of this shape, by counter; see `opbench.counting.count`.

    The module itself is left as it is: a copy on device `meta` is walked, its parameters and buffers as inputs.
    Raises CountingError for an operator without a formula.
    """
    walked = copy.deepcopy(module).to("meta").eval()
    state = {name: one.detach() for name, one in (*walked.named_parameters(), *walked.named_buffers())}
    places = [_place(walked, name) for name in state]
    # torch.func.functional_call would do this, but refuses to while fvcore traces.
    for owner, name in places:
        delattr(owner, name)  # a parameter's name takes no plain tensor

    def function(x: Tensor, *values: Tensor) -> Tensor:
        for (owner, name), value in zip(places, values, strict=True):
            setattr(owner, name, value)
        result: Tensor = walked(x)
        return result

    return count(function, {"x": torch.empty(shape, device="meta"), **state})


def trainable(module: nn.Module) -> int:
    """Parameters that train."""
    return sum(one.numel() for one in module.parameters() if one.requires_grad)


def _place(module: nn.Module, path: str) -> tuple[nn.Module, str]:
    """The submodule that holds what `path` names, and its name there."""
    owner, _, name = path.rpartition(".")
    return module.get_submodule(owner), name
