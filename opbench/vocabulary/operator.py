"""An Operator says what is right and how much work it is; it never says how to compute it fast."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from opbench.errors import UsageError, unknown
from opbench.vocabulary.backend import Backend, Inputs
from opbench.vocabulary.case import Axes, Point
from opbench.vocabulary.work import Part, Work

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Axis:
    """One named size of an operator; `default` is used where a command does not name the axis."""

    name: str
    about: str
    default: int
    minimum: int = 1


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
    check_points: tuple[Mapping[str, int], ...]
    sizes: Callable[[Axes], Mapping[str, int]] = field(default=lambda _: {})
    parts: Callable[[Axes], tuple[Part, ...]] = field(default=lambda _: ())
    modes: frozenset[str] = frozenset({"forward"})
    backends: str = ""
    further_backends: Callable[[], Mapping[str, Callable[[], Backend]]] = field(default=dict)
    schedules: tuple[str, ...] = ()
    backward_tolerances: Mapping[str, Tolerance] = field(default_factory=dict)
    ceiling: str = ""

    def tolerance(self, point: Point) -> Tolerance:
        """How far a result may be from the reference in the point's dtype and mode."""
        of_mode = self.backward_tolerances if point.mode == "backward" else self.tolerances
        return of_mode[point.dtype]

    def complete(self, given: Mapping[str, int]) -> Axes:
        """All axes in declared order, defaults filled in.

        Raises UsageError for an axis that does not exist and for a value below its minimum.
        """
        known = {axis.name: axis for axis in self.axes}
        for name in given:
            if name not in known:
                raise unknown("axis", name, known, f"of operator {self.name!r}")
        values = {axis.name: given.get(axis.name, axis.default) for axis in self.axes}
        for name, value in values.items():
            if value < known[name].minimum:
                raise UsageError(
                    f"axis {name!r} of operator {self.name!r} is {value}; expected an integer >= {known[name].minimum}"
                )
        return Axes(values)
