"""What a module costs, by fvcore and by torch's counter, without computing anything."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

import torch

from impls.hadaptive.stateless import as_function
from opbench.counting.count import count

if TYPE_CHECKING:
    from torch import nn

    from opbench.counting.count import Counts


def count_module(module: nn.Module, shape: tuple[int, ...]) -> dict[str, Counts | str]:
    """Counts of one forward pass in eval on an input of this shape, by counter, or why it has none.

    The module itself is left as it is: a copy on device `meta` is walked, its parameters and buffers as inputs. See
    `opbench.counting.count.count`.
    """
    walked = copy.deepcopy(module).to("meta").eval()
    state = {name: tensor.detach() for name, tensor in (*walked.named_parameters(), *walked.named_buffers())}
    return count(as_function(walked, tuple(state)), {"x": torch.empty(shape, device="meta"), **state})


def trainable(module: nn.Module) -> int:
    """Parameters that train."""
    return sum(parameter.numel() for parameter in module.parameters() if parameter.requires_grad)
