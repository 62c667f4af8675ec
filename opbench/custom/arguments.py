"""The arguments of a user's callables at a point: made once, the same values every time, all on one device."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import torch

from opbench.custom.call import Call
from opbench.custom.custom_axes import CustomAxis, arguments_of
from opbench.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opbench.vocabulary.case import Point


@dataclass
class Arguments:
    """What a user's `inputs` return, point by point.

    inputs, axes, device: as of a `Definition`.
    """

    inputs: Callable[..., Any]
    axes: tuple[CustomAxis, ...]
    device: str
    _calls: dict[Point, Call] = field(default_factory=dict, repr=False)

    def call(self, point: Point) -> Call:
        """The arguments at this point, whatever its device and mode: they are made on the definition's.

        Raises UsageError where there is no tensor among them or one is elsewhere.
        """
        device = self.device or ("cpu" if point.device == "meta" else point.device)
        here = replace(point, device=device, mode="forward")
        if here not in self._calls:
            self._calls[here] = Call.of(self._made(here))
            _check(here, self._calls[here].tensors)
        return self._calls[here]

    def axis_values(self, point: Point) -> dict[str, Any]:
        """What the user gave as values of the axes, by name."""
        return arguments_of(point.axes, self.axes)

    def leaf_name(self, point: Point) -> str:
        """The first floating tensor, of which mode `backward` gives the gradient. Raises UsageError where none is."""
        names = (name for name, tensor in self.call(point).tensors.items() if tensor.is_floating_point())
        if (name := next(names, None)) is None:
            raise UsageError(f"the inputs at {point} have no floating tensor; mode backward needs one")
        return name

    def leaf(self, point: Point) -> torch.Tensor:
        return self.call(point).tensors[self.leaf_name(point)]

    def _made(self, point: Point) -> Any:
        try:
            known = set(inspect.signature(self.inputs).parameters)
        except ValueError:  # a function written in C, which takes what the axes say
            known = set()
        own = {"dtype": getattr(torch, point.dtype), "device": torch.device(point.device)}
        asked = {name: value for name, value in own.items() if name in known}
        with torch.random.fork_rng(devices=[]), _tensors_made(point.dtype, point.device):
            torch.manual_seed(0)
            return self.inputs(**self.axis_values(point), **asked)


def _check(point: Point, tensors: Mapping[str, torch.Tensor]) -> None:
    if not tensors:
        raise UsageError(f"the inputs at {point} have no tensor; expected one or more among the arguments")
    if elsewhere := {str(tensor.device.type) for tensor in tensors.values()} - {point.device}:
        where = ", ".join(sorted(elsewhere))
        raise UsageError(f"the inputs at {point} are on {where}; expected all on {point.device} (device=)")


@contextmanager
def _tensors_made(dtype: str, device: str) -> Iterator[None]:
    """Tensors that say nothing else are made in this dtype, on this device."""
    usual = torch.get_default_dtype()
    torch.set_default_dtype(getattr(torch, dtype))
    try:
        with torch.device(device):
            yield
    finally:
        torch.set_default_dtype(usual)
