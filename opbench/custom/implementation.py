"""One of a user's callables as a Backend: how it is called, differentiated and prepared."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import torch

from opbench.errors import UsageError
from opbench.vocabulary.backend import Backend

if TYPE_CHECKING:
    from opbench.custom.arguments import Arguments
    from opbench.vocabulary.backend import Inputs, Launch
    from opbench.vocabulary.case import Point

BACKWARD, GRADIENT = "backward", "grad"

MODES = ("forward", BACKWARD)


@dataclass(frozen=True)
class Implementation:
    """One way to compute it. devices: on which it runs. prepares: whether the function, called with the arguments once,
    returns what is timed. simulator, ptx: as of a `Backend`.
    """

    function: Callable[..., Any]
    devices: frozenset[str] = frozenset({"cpu", "cuda"})
    prepares: bool = False
    simulator: str = ""
    ptx: str = ""

    def backend(self, name: str, arguments: Arguments) -> Backend:
        """As everything else knows it; it is told by the first line of the function's docstring, else by its name."""
        return Backend(
            (self.function.__doc__ or name).strip().partition("\n")[0],
            partial(self._prepare, arguments, name),
            devices=self.devices,
            modes=frozenset({"forward"} if self.prepares else MODES),
            kind="framework",
            simulator=self.simulator,
            ptx=self.ptx,
        )

    def _prepare(
        self,
        arguments: Arguments,
        name: str,
        point: Point,
        inputs: Inputs,
        _out: torch.Tensor | None,
        _schedule: str,
    ) -> Launch:
        try:
            launch = bound(self.function, name, arguments, point, inputs)
            first = launch()  # what compiles does so at its first call: that is preparing
        except ModuleNotFoundError as exc:
            raise UsageError(f"{exc.name} is not installed") from exc
        if not self.prepares:
            return launch
        if not callable(first):
            raise TypeError(f"returned {type(first).__name__}; expected the function to be timed (prepares=True)")
        prepared: Launch = first
        return prepared


def bound(
    function: Callable[..., Any], name: str, arguments: Arguments, point: Point, tensors: Mapping[str, torch.Tensor]
) -> Launch:
    """The function with these tensors in the places of the point's own; in mode `backward` its gradient.

    name: whose function it is, for what is said where it returns something else than a tensor.
    """
    if point.mode == BACKWARD:
        return _differentiated(function, name, arguments, point, tensors)
    return arguments.call(point).bound(function, tensors)


def _differentiated(
    function: Callable[..., Any], name: str, arguments: Arguments, point: Point, tensors: Mapping[str, torch.Tensor]
) -> Launch:
    """From the gradient of the output to that of the first floating argument; the graph is made once, here.

    It keeps copies: the arguments are written to, with the values they have, while outputs are checked.
    """
    own = {path: tensor.detach().clone() for path, tensor in tensors.items()}
    with torch.enable_grad():
        leaf = own[arguments.leaf_name(point)].requires_grad_()
        output = one_tensor(name, arguments.call(point).bound(function, own)())
    gradient = partial(torch.autograd.grad, output, leaf, tensors[GRADIENT], retain_graph=True)
    return lambda: gradient()[0]


def one_tensor(name: str, found: Any) -> torch.Tensor:
    """What the callable of this name returned. Raises UsageError for anything but a tensor of real numbers."""
    if isinstance(found, torch.Tensor) and not found.is_complex():
        return found
    what = f"a tensor of {found.dtype}" if isinstance(found, torch.Tensor) else f"{type(found).__name__}"
    raise UsageError(
        f"{name!r} returned {what}; expected one tensor of real numbers: compare functions that return the one that is "
        "to be checked"
    )
