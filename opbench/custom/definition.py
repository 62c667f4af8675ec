"""A user's own callables as an operator and its backends, in the terms that everything else measures by."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import torch

from opbench.counting.count import count
from opbench.custom.arguments import Arguments
from opbench.custom.custom_axes import CustomAxis
from opbench.custom.implementation import BACKWARD, GRADIENT, Implementation, bound, one_tensor
from opbench.errors import UsageError, describe_exception
from opbench.vocabulary.operator import Operator, Tolerance
from opbench.vocabulary.work import Work

if TYPE_CHECKING:
    from opbench.custom.call import Call
    from opbench.vocabulary.backend import Backend, Inputs
    from opbench.vocabulary.case import Point

TOLERANCES: Mapping[str, Tolerance] = {
    "float64": Tolerance(1e-7, 1e-7),
    "float32": Tolerance(1.3e-6, 1e-5),
    "float16": Tolerance(1e-3, 1e-3),
    "bfloat16": Tolerance(1.6e-2, 1e-2),
}
"""Where the user gives none: the relative ones of `torch.testing.assert_close`. The absolute ones are shares of the
reference's root mean square, which leaves room for sums whose terms cancel."""

_NAME = re.compile(r"[\w.+-]+", re.ASCII)


@dataclass
class Definition:
    """What a user says of an operator of their own, and the operator that follows from it.

    implementations: by name, of the same arguments and the same result, a tensor.
    inputs: called with one value of every axis, by name, and with `dtype` and `device` where it has such parameters;
        returns the arguments, see `Call.of`.
    reference: what is right, called with floating tensors in float64; the first implementation where it is None.
    tolerance: a number is the relative and the absolute one.
    flops, moved_bytes: given the axes by name, the least of one call; counted and summed up where they are None.
    check_points: axis values at which its backends are checked. modes: what is measured, of `forward` and `backward`.
    device: where tensors are made that say no device of their own; the point's where it is empty.
    """

    name: str
    implementations: Mapping[str, Implementation]
    inputs: Callable[..., Any]
    axes: tuple[CustomAxis, ...]
    device: str = "cpu"
    reference: Callable[..., Any] | None = None
    tolerance: Tolerance | float | None = None
    flops: Callable[..., float] | None = None
    moved_bytes: Callable[..., float] | None = None
    check_points: tuple[Mapping[str, Any], ...] = ()
    modes: frozenset[str] = frozenset({"forward"})
    _outputs: dict[Point, torch.Tensor] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        """Raises UsageError for no implementation, one that is not callable, and a name with characters of its own."""
        if not self.implementations:
            raise UsageError("nothing to compare: no callable was given; expected a dict of names and callables")
        for name, implementation in self.implementations.items():
            if not _NAME.fullmatch(str(name)):
                raise UsageError(f"a callable is named {name!r}; expected letters, digits and _.+- alone")
            if not callable(implementation.function):
                kind = type(implementation.function).__name__
                raise UsageError(f"{name!r} is of type {kind}; expected a callable")

    def __getstate__(self) -> dict[str, Any]:
        """Without what another process makes anew."""
        return {name: value for name, value in self.__dict__.items() if name != "_arguments"} | {"_outputs": {}}

    @cached_property
    def _arguments(self) -> Arguments:
        return Arguments(self.inputs, self.axes, self.device)

    def operator(self) -> Operator:
        given = self.tolerance
        if isinstance(given, int | float):
            given = Tolerance(given, given)
        tolerances = TOLERANCES if given is None else dict.fromkeys(TOLERANCES, given)
        return Operator(
            name=self.name,
            about=f"{', '.join(self.implementations)}",
            axes=tuple(axis.described() for axis in self.axes),
            inputs=self.tensors,
            reference=self.exact,
            work=self.work,
            eager=self.function_of_tensors,
            tolerances=tolerances,
            check_points=self.check_points,
            modes=self.modes,
            backward_tolerances=tolerances,
            further_backends=self.backends,
            output_dtype=self._output_dtype,
        )

    def _output_dtype(self, point: Point) -> str:
        found = self._arguments.leaf(point) if point.mode == BACKWARD else self.output(point)
        return str(found.dtype).removeprefix("torch.")

    def backends(self) -> dict[str, Callable[[], Backend]]:
        return {name: partial(one.backend, name, self._arguments) for name, one in self.implementations.items()}

    def call(self, point: Point) -> Call:
        """The arguments at this point. Raises UsageError as `Arguments.call`."""
        return self._arguments.call(point)

    def tensors(self, point: Point) -> Inputs:
        """Of the arguments, the same values every time; on device `meta` without values.

        In mode `backward` the gradient of the output comes first.
        """
        made = self.call(point).tensors
        if point.mode == BACKWARD:
            made = {GRADIENT: self._gradient(point), **made}
        if point.device == "meta":
            return {name: tensor.to("meta") for name, tensor in made.items()}
        return {name: tensor.detach().clone() for name, tensor in made.items()}

    def _gradient(self, point: Point) -> torch.Tensor:
        output = self.output(point)
        generator = torch.Generator().manual_seed(1)
        drawn = torch.randn(output.shape, generator=generator, dtype=torch.float32)
        return drawn.to(device=self._arguments.leaf(point).device, dtype=output.dtype)

    def function_of_tensors(self, point: Point) -> Callable[..., torch.Tensor]:
        """The first implementation as a function of the tensors alone, in their order."""
        call, first = self.call(point), self._first

        def function(*tensors: torch.Tensor) -> torch.Tensor:
            found: torch.Tensor = call.bound(first, dict(zip(call.tensors, tensors, strict=True)))()
            return found

        return function

    def exact(self, point: Point, inputs: Inputs) -> torch.Tensor:
        """The reference's result in float64 for these inputs. Raises UsageError where it has none."""
        function = self.reference or self._first
        widened = {name: _widened(tensor) for name, tensor in inputs.items()}
        try:
            found = bound(function, self._first_name, self._arguments, point, widened)()
        except Exception as exc:
            raise UsageError(
                f"the reference of {self.name!r} cannot be computed in float64 at {point} ({describe_exception(exc)}); "
                "give one that can (reference=)"
            ) from exc
        return self._tensor(found).double()

    def output(self, point: Point) -> torch.Tensor:
        """An output of this point's shape and dtype, without values."""
        forward = replace(point, mode="forward")
        if forward not in self._outputs:
            found = self._tensor(self.call(forward).bound(self._first, self.tensors(forward))())
            self._outputs[forward] = found.to("meta")
        return self._outputs[forward]

    @property
    def _first_name(self) -> str:
        return next(iter(self.implementations))

    @property
    def _first(self) -> Callable[..., Any]:
        return self.implementations[self._first_name].function

    def _tensor(self, found: Any) -> torch.Tensor:
        return one_tensor(self._first_name, found)

    def work(self, point: Point) -> Work:
        """As the user says; else bytes of the tensors that go in and come out, and arithmetic as PyTorch counts it.

        That of mode `backward` nobody counts.
        """
        written = _bytes(self._arguments.leaf(point) if point.mode == BACKWARD else self.output(point))
        read = sum(map(_bytes, self.call(point).tensors.values()))
        if point.mode == BACKWARD:
            read += _bytes(self.output(point))
        axes = self._arguments.axis_values(point)
        if self.moved_bytes is not None:
            read = max(0, round(self.moved_bytes(**axes)) - written)
        if self.flops is not None:
            return Work(0, 0, round(self.flops(**axes)), read, written)
        if point.mode == BACKWARD:
            return Work(0, 0, 0, read, written)
        counts = count(self.function_of_tensors(point), self.tensors(replace(point, device="meta")), ["torch"])["torch"]
        if isinstance(counts, str):
            return Work(0, 0, 0, read, written)
        return Work(counts["macs"], counts["products"], counts["elementwise"], read, written)


def _bytes(tensor: torch.Tensor) -> int:
    return tensor.numel() * tensor.itemsize


def _widened(tensor: torch.Tensor) -> torch.Tensor:
    if tensor.is_floating_point():
        return tensor.double()
    return tensor.to(torch.complex128) if tensor.is_complex() else tensor
