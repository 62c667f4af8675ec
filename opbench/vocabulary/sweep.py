"""A Sweep is a question with axes; narrowing it on the command line asks the same question of fewer points."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from opbench.errors import UsageError, unknown
from opbench.vocabulary.case import AxisValue, Point


@dataclass(frozen=True)
class Every:
    """In place of a name: every backend of the operator of this kind (`backend.KINDS`) that has kernels for the device,
    but for those that the grid names itself. schedule: asked of each, of those that have it; "" is their own choice.
    """

    kind: str
    schedule: str = ""


@dataclass(frozen=True)
class Grid:
    """A full cross product of axis values over some operators. The last axis runs fastest, operators slowest.

    backends: what to measure, names or `Every` backend of a kind; empty means every backend of the operator.
    held: axes at one value, so that the others span a plane. The command line moves them by one value
        (`--batch 16`) and leaves them where it gives several.
    device: the only device the grid is for; "" is every device.
    skip(point): a reason not to measure the point, which becomes its record, or None.
    """

    operators: tuple[str, ...]
    axes: Mapping[str, tuple[AxisValue, ...]]
    backends: tuple[str | Every, ...] = ()
    dtypes: tuple[str, ...] = ("float32",)
    modes: tuple[str, ...] = ("forward",)
    held: Mapping[str, AxisValue] = field(default_factory=dict)
    device: str = ""
    skip: Callable[[Point], str | None] = field(default=lambda _: None)


@dataclass(frozen=True)
class Narrowing:
    """What the command line asks for in place of a sweep's own values; an empty field changes nothing."""

    axes: Mapping[str, tuple[AxisValue, ...]] = field(default_factory=dict)
    operators: tuple[str, ...] = ()
    backends: tuple[str, ...] = ()
    dtypes: tuple[str, ...] = ()
    modes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Sweep:
    """A question, and the grids that answer it. A sweep file assigns one of these to `SWEEP`.

    budget_s: seconds of samples per backend and point where the command line does not say.
    clocks: by device, the clock where the command line does not say and it is not the device's usual one.
    """

    question: str
    grids: tuple[Grid, ...]
    budget_s: float = 0.5
    clocks: Mapping[str, str] = field(default_factory=dict)

    def has_axis(self, name: str) -> bool:
        return any(name in grid.axes or name in grid.held for grid in self.grids)

    def narrowed(self, by: Narrowing) -> Sweep:
        """The same question with other values.

        Raises UsageError when an axis or operator that no grid has is named, or nothing is left to ask.
        """
        axes = {name for grid in self.grids for name in (*grid.axes, *grid.held)}
        operators = {name for grid in self.grids for name in grid.operators}
        for name in by.axes:
            if name not in axes:
                raise unknown("axis", name, axes, "in this sweep")
        for name in by.operators:
            if name not in operators:
                raise unknown("operator", name, operators, "in this sweep")
        grids = tuple(kept for grid in self.grids if (kept := _narrow(grid, by)) is not None)
        if not grids:
            raise UsageError("nothing is left to measure: no grid of this sweep has all of the named operators")
        return replace(self, grids=grids)


def _narrow(grid: Grid, by: Narrowing) -> Grid | None:
    operators = tuple(name for name in grid.operators if not by.operators or name in by.operators)
    if not operators:
        return None
    return replace(
        grid,
        operators=operators,
        axes={name: by.axes.get(name, values) for name, values in grid.axes.items()},
        held={name: _moved(value, by.axes.get(name, ())) for name, value in grid.held.items()},
        backends=by.backends or grid.backends,
        dtypes=by.dtypes or grid.dtypes,
        modes=by.modes or grid.modes,
    )


def _moved(held: AxisValue, asked: tuple[AxisValue, ...]) -> AxisValue:
    return asked[0] if len(asked) == 1 else held
