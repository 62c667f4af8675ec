"""What a prepared network was made from, and whether that still holds: looked at in every call.

Noticed are parameters and statistics that were written to (their version counters), whose memory is another one
(`tensor.data = ...`), or that were replaced, layers that were replaced, hooks, a `forward` that was set, and train() and eval() of any layer. A
step of training counts in every BatchNorm's `num_batches_tracked`, so that running statistics, which PyTorch writes past
their version counters, are noticed by that. Not noticed is whoever writes through `tensor.data` or NumPy's view of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from torch import Tensor, nn

if TYPE_CHECKING:
    from collections.abc import Iterator


class State:
    """Of a network, when it was made."""

    __slots__ = ("_hooks", "_modules", "_tensors")

    def __init__(self, network: nn.Module) -> None:
        modules: list[Any] = list(network.modules())
        self._modules = [(one, _settings(one), one._modules, tuple(one._modules.values())) for one in modules]  # noqa: SLF001
        self._hooks = [(hooks, len(hooks)) for one in modules for hooks in (one._forward_hooks, one._forward_pre_hooks)]  # noqa: SLF001
        self._tensors = [entry for one in modules for entry in _tensors_of(one)]

    def holds(self) -> bool:
        """Whether the network is as it was."""
        for holder, name, tensor, version, address in self._tensors:
            if holder.get(name) is not tensor or tensor._version != version or tensor.data_ptr() != address:  # noqa: SLF001
                return False
        for module, settings, children, were in self._modules:
            if _settings(module) != settings or tuple(children.values()) != were:
                return False
        return all(len(hooks) == count for hooks, count in self._hooks)


def _settings(module: Any) -> tuple[bool, bool]:
    """Whether it trains, and whether it has a `forward` of its own."""
    return module.training, "forward" in module.__dict__


def _tensors_of(module: Any) -> Iterator[tuple[dict[str, Tensor | None], str, Tensor, int, int]]:
    """Where it stands, under which name, the tensor, its version and its address."""
    for holder in (module._parameters, module._buffers):  # noqa: SLF001  (no public names for these)
        for name, tensor in holder.items():
            if tensor is not None:
                yield holder, name, tensor, tensor._version, tensor.data_ptr()  # noqa: SLF001
