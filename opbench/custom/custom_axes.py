"""Axes of a user's own: whatever values they have, each as a value that a record can hold."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from opbench.errors import UsageError
from opbench.vocabulary.case import AxisValue
from opbench.vocabulary.operator import Axis

RESERVED = frozenset({"dtype", "device", "mode"})
"""Of the point itself; `dtype` may be given like an axis."""


@dataclass(frozen=True)
class CustomAxis:
    """One axis. values: as records have them, each once. objects: what each of them stands for, where that differs."""

    name: str
    values: tuple[AxisValue, ...]
    objects: Mapping[AxisValue, Any]

    def described(self) -> Axis:
        """For the operator; its default is the first value."""
        numbers = [value for value in self.values if isinstance(value, int)]
        return Axis(self.name, f"given to {self.name!r} of the inputs", self.values[0], min([0, *numbers]))


def custom_axes(given: Mapping[str, Iterable[Any]]) -> tuple[CustomAxis, ...]:
    """Raises UsageError for a name that is none in Python and for an axis without values or with one given twice."""
    return tuple(_axis(name, values) for name, values in given.items())


def _axis(name: str, given: Any) -> CustomAxis:
    if not str(name).isidentifier() or keyword.iskeyword(name) or name in RESERVED:
        raise UsageError(f"an axis is named {name!r}; expected the name of a parameter of the inputs, such as rows")
    objects = [given] if isinstance(given, str) or not isinstance(given, Iterable) else list(given)
    if not objects:
        raise UsageError(f"axis {name!r} has no values; give one or more, such as [64, 512]")
    as_recorded = _values(objects)
    for number, value in enumerate(as_recorded):
        if value in as_recorded[:number]:
            raise UsageError(f"axis {name!r} has {value!r} twice; give each value once")
    standing_for = {value: one for value, one in zip(as_recorded, objects, strict=True) if value is not one}
    return CustomAxis(name, tuple(as_recorded), standing_for)


def _values(objects: list[Any]) -> list[AxisValue]:
    """Numbers and truth values as they are where all are of one kind; everything else by its name."""
    kinds = {type(one) for one in objects}
    if kinds in ({bool}, {int}):
        return objects
    if kinds <= {int, float}:
        return [float(one) for one in objects]
    return [_name(one) for one in objects]


def _name(value: object) -> str:
    """`float32` of torch.float32, `gelu` of a function, else what `str` says, as a word."""
    text = getattr(value, "__name__", None) or str(value).removeprefix("torch.")
    return re.sub(r"[^A-Za-z0-9_.+-]+", "_", text).strip("_") or "empty"


def arguments_of(axes: Mapping[str, AxisValue], custom: Iterable[CustomAxis]) -> dict[str, Any]:
    """What the inputs are called with for these values."""
    objects = {axis.name: axis.objects for axis in custom}
    return {name: objects[name].get(value, value) for name, value in axes.items()}
