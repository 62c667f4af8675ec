"""An Operator says what is right and how much work it is; it never says how to compute it fast."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from opbench.errors import UsageError, unknown
from opbench.vocabulary.backend import Backend, Inputs
from opbench.vocabulary.case import Axes, AxisValue, Point
from opbench.vocabulary.work import Part, Work

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Axis:
    """One named value of an operator; `default` is used where a command does not name the axis.

    The default's type is the axis's: int, float, bool or str. minimum: of an int. choices: of a str; any where empty.
    """

    name: str
    about: str
    default: AxisValue
    minimum: int = 1
    choices: tuple[str, ...] = ()

    def taken(self, value: AxisValue) -> AxisValue:
        """The value as this axis has it: an int where a float is wanted is one.

        Raises ValueError, saying what is expected, for any other.
        """
        kind = type(self.default)
        if kind is float and type(value) is int:
            value = float(value)
        if type(value) is not kind:
            raise ValueError(f"expected {_ARTICLES[kind]}{f' >= {self.minimum}' if kind is int else ''}")
        if type(value) is int and value < self.minimum:
            raise ValueError(f"expected an integer >= {self.minimum}")
        if type(value) is float and not math.isfinite(value):
            raise ValueError("expected a finite number")
        if isinstance(value, str) and not _NAME.fullmatch(value):
            raise ValueError("expected a name of letters, digits and _.+- alone")
        if isinstance(value, str) and self.choices and value not in self.choices:
            raise ValueError(f"expected one of {', '.join(self.choices)}")
        return value


_ARTICLES = {int: "an integer", float: "a number", bool: "true or false", str: "a name"}
_NAME = re.compile(r"[\w.+-]+", re.ASCII)


@dataclass(frozen=True)
class Tolerance:
    """A result passes where |got - want| <= atol * rms(want) + rtol * |want|, element by element.

    Scaling `atol` by the reference's own size keeps it below the output: zeros can never pass.
    """

    rtol: float
    atol: float = 0.0


@dataclass(frozen=True)
class Operator:
    """One computation with named axes.

    inputs(point): seeded tensors on the point's device and dtype (`meta` too); the same point, the same values.
    reference(point, inputs): the float64 result, on the inputs' device, computed independently of all backends.
    work(point): the least arithmetic and traffic.
    eager(point): a plain function of the inputs for the counters of fvcore and torch to walk.
    tolerances: by dtype name; the dtypes it lists are those the operator is defined for. `backward_tolerances`
        are those of its gradient, for an operator that has mode `backward`.
    check_points: axis values for correctness (odd, prime, one, empty); never those used for timing.
    modes: `forward`, `out`, `backward`; inputs, reference and work go by the point's mode. In mode `backward` the
        inputs hold `grad`, and the reference is the gradient of the operator's first input.
    backends: the package whose modules compute this operator too (their `prepare` goes by the point's operator);
        empty for the operator's own.
    further_backends(): backends that have no file, what makes each by name; a file of that name goes before it.
    schedules: those of its backends' schedules that this operator has; empty for all of them.
    sizes(axes): sizes that follow from the axes and are worth printing, such as output channels.
    parts(axes): operators of the suite that one call contains, so that its gain can be predicted from theirs.
    output_dtype(point): name of the output's dtype, where it is not the point's.
    ceiling: for an operator that exists to measure what a machine can do, what of it: one of `opbench.ceilings.KINDS`.
    """

    name: str
    about: str
    axes: tuple[Axis, ...]
    inputs: Callable[[Point], Inputs]
    reference: Callable[[Point, Inputs], torch.Tensor]
    work: Callable[[Point], Work]
    eager: Callable[[Point], Callable[..., torch.Tensor]]
    tolerances: Mapping[str, Tolerance]
    check_points: tuple[Mapping[str, AxisValue], ...]
    sizes: Callable[[Axes], Mapping[str, int]] = field(default=lambda _: {})
    parts: Callable[[Axes], tuple[Part, ...]] = field(default=lambda _: ())
    modes: frozenset[str] = frozenset({"forward"})
    backends: str = ""
    further_backends: Callable[[], Mapping[str, Callable[[], Backend]]] = field(default=dict)
    schedules: tuple[str, ...] = ()
    backward_tolerances: Mapping[str, Tolerance] = field(default_factory=dict)
    output_dtype: Callable[[Point], str] = field(default=lambda point: point.dtype)
    ceiling: str = ""

    def tolerance(self, point: Point) -> Tolerance:
        """How far a result may be from the reference in the point's dtype and mode."""
        of_mode = self.backward_tolerances if point.mode == "backward" else self.tolerances
        return of_mode[point.dtype]

    def complete(self, given: Mapping[str, AxisValue]) -> Axes:
        """All axes in declared order, defaults filled in.

        Raises UsageError for an axis that does not exist and for a value that is none of its axis.
        """
        known = {axis.name: axis for axis in self.axes}
        for name in given:
            if name not in known:
                raise unknown("axis", name, known, f"of operator {self.name!r}")
        return Axes({axis.name: self._value(axis, given.get(axis.name, axis.default)) for axis in self.axes})

    def _value(self, axis: Axis, value: AxisValue) -> AxisValue:
        try:
            return axis.taken(value)
        except ValueError as exc:
            raise UsageError(f"axis {axis.name!r} of operator {self.name!r} is {value}; {exc}") from exc
