"""A Point is what is asked; a Case is a Point and who answers. Both are frozen and have a stable key."""

from __future__ import annotations

from collections.abc import ItemsView, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

AxisValue: TypeAlias = "bool | int | float | str"
"""A size, a number, a name or whether something is so."""


class Axes(Mapping[str, Any]):
    """Axis values of one point: an immutable, hashable mapping that keeps the order it was given.

    Which kind of value an axis has (`AxisValue`), its operator says.
    """

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, AxisValue]) -> None:
        self._values = dict(values)

    def __getitem__(self, name: str) -> Any:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def items(self) -> ItemsView[str, Any]:
        return self._values.items()  # what Mapping has asks for each value in Python

    def __hash__(self) -> int:
        return hash(frozenset(self._values.items()))

    def __repr__(self) -> str:
        return f"Axes({self})"

    def __str__(self) -> str:
        return ",".join(f"{name}={value}" for name, value in self._values.items())


@dataclass(frozen=True)
class Point:
    """Where all backends of one comparison meet: the same inputs, the same reference, the same clock.

    `mode` is `forward` (the launch allocates its output), `out` (it writes into a given one) or `backward` (from
    the gradient of the output to the gradient of the first input).
    `clock` names a file of `opbench.measure.timing` and its cache state, such as `wall` or `cuda_events:cold`.
    """

    operator: str
    axes: Axes
    dtype: str = "float32"
    device: str = "cpu"
    mode: str = "forward"
    clock: str = "wall"

    @property
    def key(self) -> str:
        return "/".join((self.operator, self.dtype, self.device, self.mode, self.clock, str(self.axes)))

    def __str__(self) -> str:
        return f"{self.operator}({self.axes}) {self.dtype} {self.mode} on {self.device}"


@dataclass(frozen=True)
class Case:
    """One point computed by one backend.

    `backend` may carry a schedule (`triton_jit:balanced`). `replica` counts repeats of the same backend in
    one run: listing a backend twice measures the harness itself (the two must agree).
    """

    point: Point
    backend: str
    replica: int = 0

    @property
    def label(self) -> str:
        """The backend as shown to a reader: the second `cpp_ext` of a run is `cpp_ext#2`."""
        return f"{self.backend}#{self.replica + 1}" if self.replica else self.backend

    @property
    def key(self) -> str:
        return f"{self.point.key}/{self.label}"
