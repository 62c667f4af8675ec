"""What a prepared network was made from, and whether that still holds: looked at in every call.

Noticed are parameters and statistics that were written to (their version counters), whose memory is another one
(`tensor.data = ...`), or that were replaced, layers that were replaced, hooks, a `forward` that was set, and train()
and eval() of any layer. A step of training counts in every BatchNorm's `num_batches_tracked`, so that running
statistics, which PyTorch writes past their version counters, and fused optimisers are noticed by that. Not noticed is
whoever writes through `tensor.data` or NumPy's view of it.

What is compared are lists that `map` makes of builtins, without a step of Python for each of a network's hundreds of
tensors: that is a third of the time of a loop.
"""

from __future__ import annotations

from itertools import chain
from operator import attrgetter
from typing import TYPE_CHECKING, Any, TypeAlias

from torch import Tensor

from impls.hadaptive.fused.plain_form import hooks_of

if TYPE_CHECKING:
    from torch import nn

    Looks: TypeAlias = tuple[list[Any], ...]

_VERSION, _TRAINING = attrgetter("_version"), attrgetter("training")


class State:
    """Of a network, when it was made."""

    __slots__ = ("_dicts", "_held", "_kept", "_modules", "_tensors", "_was")

    def __init__(self, network: nn.Module) -> None:
        self._modules: list[Any] = list(network.modules())
        # An attribute that is set is one entry more in a module's own dictionary, a hook in one of its hooks'.
        self._dicts = [dict_of for one in self._modules for dict_of in _dicts_of(one)]
        named = [held for one in self._modules for held in (one._parameters, one._buffers, one._modules)]  # noqa: SLF001
        self._held = [held for held in named if held]
        self._kept = list(chain.from_iterable(map(dict.values, self._held)))  # so that no other object gets its id
        self._tensors = [one for one in self._kept if isinstance(one, Tensor)]
        self._was = self._looks()

    def holds(self) -> bool:
        """Whether the network is as it was."""
        return self._looks() == self._was

    def _looks(self) -> Looks:
        return (
            list(map(_VERSION, self._tensors)),
            list(map(Tensor.data_ptr, self._tensors)),
            list(map(id, chain.from_iterable(map(dict.values, self._held)))),
            list(map(_TRAINING, self._modules)),
            list(map(len, self._dicts)),
        )


def _dicts_of(module: Any) -> tuple[Any, ...]:
    return module.__dict__, *hooks_of(module)
