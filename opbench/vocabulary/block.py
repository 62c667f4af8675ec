"""A block: the points of one operator in one grid, a cross product that is counted and indexed without being listed."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

from opbench.vocabulary.case import Axes, AxisValue, Point
from opbench.vocabulary.operator import Operator
from opbench.vocabulary.sweep import Grid

Value = TypeVar("Value", str, AxisValue)


@dataclass(frozen=True)
class Block:
    """Every axis of the operator with its values, each once, in declared order; dtypes and modes likewise.

    order: the axes that the grid names, the last of which runs fastest; the others have one value.
    """

    operator: str
    device: str
    clock: str
    dtypes: tuple[str, ...]
    modes: tuple[str, ...]
    axes: Mapping[str, tuple[AxisValue, ...]]
    order: tuple[str, ...]

    @classmethod
    def of(cls, grid: Grid, operator: Operator, device: str, clock: str) -> Block:
        """Raises UsageError for an axis that the operator lacks and for a value that is none of its axis."""
        if not all(grid.axes.values()):
            return cls(operator.name, device, clock, (), (), {}, ())
        first = operator.complete({**grid.held, **{name: values[0] for name, values in grid.axes.items()}})
        axes = {
            name: _once([operator.complete({name: value})[name] for value in values])
            for name, values in grid.axes.items()
        }
        axes = {name: axes.get(name, (value,)) for name, value in first.items()}
        return cls(operator.name, device, clock, _once(grid.dtypes), _once(grid.modes), axes, tuple(grid.axes))

    def __len__(self) -> int:
        return len(self.dtypes) * len(self.modes) * math.prod(map(len, self.axes.values()))

    def points(self) -> Iterator[Point]:
        first = {name: values[0] for name, values in self.axes.items()} if len(self) else {}
        for dtype, mode in itertools.product(self.dtypes, self.modes):
            for values in itertools.product(*(self.axes[name] for name in self.order)):
                axes = Axes({**first, **dict(zip(self.order, values, strict=True))})
                yield Point(self.operator, axes, dtype, self.device, mode, self.clock)

    def point(self, number: int) -> Point:
        """The point of this number, counted from 0 in the order of `points`."""
        chosen = {name: values[0] for name, values in self.axes.items()}
        for name in reversed(self.order):
            number, at = divmod(number, len(self.axes[name]))
            chosen[name] = self.axes[name][at]
        dtype, mode = divmod(number, len(self.modes))
        return Point(self.operator, Axes(chosen), self.dtypes[dtype], self.device, self.modes[mode], self.clock)

    def has(self, point: Point) -> bool:
        """Whether the point, of the same device and clock, is one of these."""
        return (
            point.operator == self.operator
            and point.dtype in self.dtypes
            and point.mode in self.modes
            and all(point.axes[name] in values for name, values in self._values.items())
        )

    @cached_property
    def _values(self) -> Mapping[str, frozenset[AxisValue]]:
        return {name: frozenset(values) for name, values in self.axes.items()}

    def meets(self, other: Block) -> bool:
        """Whether the two have a point in common."""
        return self.operator == other.operator and len(self.common(other)) > 0

    def common(self, other: Block) -> Block:
        """The points that both have; none where the operators differ."""
        same = self.operator == other.operator
        return Block(
            self.operator,
            self.device,
            self.clock,
            _both(self.dtypes, other.dtypes) if same else (),
            _both(self.modes, other.modes),
            {name: _both(values, other.axes.get(name, ())) for name, values in self.axes.items()},
            self.order,
        )


def uncovered(block: Block, others: Sequence[Block]) -> int:
    """How many points of the block none of the others has: inclusion and exclusion, over those that overlap."""
    met = [other for other in others if other.meets(block)]
    if not met:
        return len(block)
    first, rest = met[0], met[1:]
    return uncovered(block, rest) - uncovered(block.common(first), rest)


def _once(values: Sequence[Value]) -> tuple[Value, ...]:
    return tuple(dict.fromkeys(values))


def _both(one: Sequence[Value], other: Sequence[Value]) -> tuple[Value, ...]:
    kept = frozenset(other)
    return tuple(value for value in one if value in kept)
