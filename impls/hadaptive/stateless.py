"""A module as a function of its parameters and buffers, for whoever wants these as inputs."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from torch import Tensor, nn


def as_function(module: nn.Module, names: Sequence[str]) -> Callable[..., Tensor]:
    """`module` as a function of x and of the values of these parameters and buffers, in this order.

    It takes them out of `module`, which is of no use by itself from then on. torch.func.functional_call would do, but
    refuses while fvcore traces.
    """
    places = []
    for path in names:
        owner, _, name = path.rpartition(".")
        places.append((module.get_submodule(owner), name))
        delattr(*places[-1])  # a parameter's name takes no plain tensor

    def function(x: Tensor, *values: Tensor) -> Tensor:
        for (owner, name), value in zip(places, values, strict=True):
            setattr(owner, name, value)
        result: Tensor = module(x)
        return result

    return function
