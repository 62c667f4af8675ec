"""A user's own callables as an operator and its backends, in the terms that everything else measures by."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import torch

from opbench.counting.count import count
from opbench.custom.call import Call
from opbench.custom.custom_axes import CustomAxis, arguments_of
from opbench.errors import UsageError, describe_exception
from opbench.vocabulary.backend import Backend
from opbench.vocabulary.operator import Operator, Tolerance
from opbench.vocabulary.work import Work

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opbench.vocabulary.backend import Inputs, Launch
    from opbench.vocabulary.case import Point

TOLERANCES: Mapping[str, Tolerance] = {
    "float64": Tolerance(1e-7, 1e-7),
    "float32": Tolerance(1.3e-6, 1e-5),
    "float16": Tolerance(1e-3, 1e-3),
    "bfloat16": Tolerance(1.6e-2, 1e-2),
}
"""Where the user gives none: the relative ones of `torch.testing.assert_close`. The absolute ones are shares of the
reference's root mean square, which leaves room for sums whose terms cancel."""

BACKWARD, GRADIENT = "backward", "grad"

MODES = ("forward", BACKWARD)

_NAME = re.compile(r"[\w.+-]+", re.ASCII)


@dataclass(frozen=True)
class Implementation:
    """One way to compute it. devices: on which it runs. prepares: whether the function, called with the arguments once,
    returns what is timed. simulator: as of a `Backend`.
    """

    function: Callable[..., Any]
    devices: frozenset[str] = frozenset({"cpu", "cuda"})
    prepares: bool = False
    simulator: str = ""


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
    _calls: dict[Point, Call] = field(default_factory=dict, repr=False)
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
        return self.__dict__ | {"_calls": {}, "_outputs": {}}

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
        found = self._leaf(point) if point.mode == BACKWARD else self.output(point)
        return str(found.dtype).removeprefix("torch.")

    def backends(self) -> dict[str, Callable[[], Backend]]:
        return {
            name: partial(
                Backend,
                (one.function.__doc__ or name).strip().partition("\n")[0],
                partial(self._prepare, one),
                devices=one.devices,
                modes=frozenset({"forward"} if one.prepares else MODES),
                kind="framework",
                simulator=one.simulator,
            )
            for name, one in self.implementations.items()
        }

    def _prepare(
        self, implementation: Implementation, point: Point, inputs: Inputs, _out: torch.Tensor | None, _schedule: str
    ) -> Launch:
        bound = self._differentiated if point.mode == BACKWARD else self._called
        try:
            launch = bound(implementation.function, point, inputs)
            first = launch()  # what compiles does so at its first call: that is preparing
        except ModuleNotFoundError as exc:
            raise UsageError(f"{exc.name} is not installed") from exc
        if not implementation.prepares:
            return launch
        if not callable(first):
            raise TypeError(f"returned {type(first).__name__}; expected the function to be timed (prepares=True)")
        prepared: Launch = first
        return prepared

    def _called(self, function: Callable[..., Any], point: Point, tensors: Mapping[str, torch.Tensor]) -> Launch:
        return self.call(point).bound(function, tensors)

    def _differentiated(
        self, function: Callable[..., Any], point: Point, tensors: Mapping[str, torch.Tensor]
    ) -> Launch:
        """From the gradient of the output to that of the first floating argument; the graph is made once, here.

        It keeps copies: the arguments are written to, with the values they have, while outputs are checked.
        """
        own = {name: tensor.detach().clone() for name, tensor in tensors.items()}
        with torch.enable_grad():
            leaf = own[self._leaf_name(point)].requires_grad_()
            output = self._tensor(self.call(point).bound(function, own)())
        gradient = partial(torch.autograd.grad, output, leaf, tensors[GRADIENT], retain_graph=True)
        return lambda: gradient()[0]

    def _leaf_name(self, point: Point) -> str:
        names = (name for name, tensor in self.call(point).tensors.items() if tensor.is_floating_point())
        if (name := next(names, None)) is None:
            raise UsageError(f"the inputs at {point} have no floating tensor; mode backward needs one")
        return name

    def _leaf(self, point: Point) -> torch.Tensor:
        return self.call(point).tensors[self._leaf_name(point)]

    def call(self, point: Point) -> Call:
        """The arguments at this point, whatever its device and mode: they are made on the definition's.

        Raises UsageError where there is no tensor among them or one is elsewhere.
        """
        device = self.device or ("cpu" if point.device == "meta" else point.device)
        here = replace(point, device=device, mode="forward")
        if here not in self._calls:
            self._calls[here] = Call.of(self._arguments(here))
            self._check(here, self._calls[here].tensors)
        return self._calls[here]

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
        return drawn.to(device=self._leaf(point).device, dtype=output.dtype)

    def _arguments(self, point: Point) -> Any:
        axes = arguments_of(point.axes, self.axes)
        try:
            known = set(inspect.signature(self.inputs).parameters)
        except ValueError:  # a function written in C, which takes what the axes say
            known = set()
        own = {"dtype": getattr(torch, point.dtype), "device": torch.device(point.device)}
        asked = {name: value for name, value in own.items() if name in known}
        with torch.random.fork_rng(devices=[]), _tensors_made(point.dtype, point.device):
            torch.manual_seed(0)
            return self.inputs(**axes, **asked)

    def _check(self, point: Point, tensors: Mapping[str, torch.Tensor]) -> None:
        if not tensors:
            raise UsageError(f"the inputs at {point} have no tensor; expected one or more among the arguments")
        if elsewhere := {str(tensor.device.type) for tensor in tensors.values()} - {point.device}:
            where = ", ".join(sorted(elsewhere))
            raise UsageError(f"the inputs at {point} are on {where}; expected all on {point.device} (device=)")

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
        bound = self._differentiated if point.mode == BACKWARD else self._called
        try:
            found = bound(function, point, widened)()
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
    def _first(self) -> Callable[..., Any]:
        return next(iter(self.implementations.values())).function

    def _tensor(self, found: Any) -> torch.Tensor:
        if isinstance(found, torch.Tensor) and not found.is_complex():
            return found
        what = f"a tensor of {found.dtype}" if isinstance(found, torch.Tensor) else f"{type(found).__name__}"
        raise UsageError(
            f"{next(iter(self.implementations))!r} returned {what}; expected one tensor of real numbers: compare "
            "functions that return the one that is to be checked"
        )

    def work(self, point: Point) -> Work:
        """As the user says; else bytes of the tensors that go in and come out, and arithmetic as PyTorch counts it.

        That of mode `backward` nobody counts.
        """
        written = _bytes(self._leaf(point) if point.mode == BACKWARD else self.output(point))
        read = sum(map(_bytes, self.call(point).tensors.values()))
        if point.mode == BACKWARD:
            read += _bytes(self.output(point))
        axes = arguments_of(point.axes, self.axes)
        if self.moved_bytes is not None:
            read = max(0, round(self.moved_bytes(**axes)) - written)
        if self.flops is not None:
            return Work(0, 0, round(self.flops(**axes)), read, written)
        if point.mode == BACKWARD:
            return Work(0, 0, 0, read, written)
        counts = count(self.function_of_tensors(point), self.tensors(replace(point, device="meta")))["torch"]
        if isinstance(counts, str):
            return Work(0, 0, 0, read, written)
        return Work(counts["macs"], counts["products"], counts["elementwise"], read, written)


def _bytes(tensor: torch.Tensor) -> int:
    return tensor.numel() * tensor.itemsize


def _widened(tensor: torch.Tensor) -> torch.Tensor:
    if tensor.is_floating_point():
        return tensor.double()
    return tensor.to(torch.complex128) if tensor.is_complex() else tensor


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
