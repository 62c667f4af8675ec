"""From the options of `opbench profile` that name the case to that one case."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from opbench import catalog, operator_files
from opbench.cli.options import DTYPES, MODES, axis_values, one_of, words
from opbench.errors import UsageError
from opbench.measure.timing.clocks import clock_for
from opbench.vocabulary.case import Axes, AxisValue, Case, Point

Value = TypeVar("Value", str, AxisValue)


@dataclass(frozen=True)
class CaseOptions:
    """The options that name the case, as they were typed; axes already taken apart."""

    operator: str
    axes: Mapping[str, tuple[AxisValue, ...]]
    point: str | None
    backend: str | None
    dtype: str
    mode: str


def select_case(options: CaseOptions, device: str) -> Case:
    """Return the case. Raises UsageError for an unknown name, a missing backend, and more than one of anything."""
    options = replace(options, operator=operator_files.one_operator(options.operator))
    operator = catalog.operator(options.operator)
    backend = _backend(options)
    dtype = _single("--dtype", one_of("dtype", options.dtype, DTYPES))
    mode = _single("--mode", one_of("mode", options.mode, MODES))
    axes = operator.complete(Axes(_axes(options)))
    operator.sizes(axes)
    return Case(Point(options.operator, axes, dtype, device, mode, clock_for(device)), backend)


def _backend(options: CaseOptions) -> str:
    if options.backend is None:
        known = ", ".join(catalog.backend_names(options.operator))
        raise UsageError(f"a profile is of one backend: name it with --backend; {options.operator} has {known}")
    backend = _single("--backend", words("backend", options.backend))
    catalog.backend(options.operator, backend)  # raises, naming those that exist
    return backend


def _single(option: str, values: tuple[Value, ...]) -> Value:
    if len(values) != 1:
        listed = ", ".join(map(str, values))
        raise UsageError(f"a profile is of one case: {option} has {len(values)} values ({listed}); give one")
    return values[0]


def _axes(options: CaseOptions) -> dict[str, AxisValue]:
    """Of `--point channels=64,edge=28` and of options such as `--channels 64`."""
    axes = _point_axes(options.point)
    for name, values in options.axes.items():
        value = _single(f"--{name.replace('_', '-')}", values)
        if axes.setdefault(name, value) != value:
            raise UsageError(f"axis {name!r} is {axes[name]} in --point and {value} in --{name}; give it once")
    return axes


def _point_axes(text: str | None) -> dict[str, AxisValue]:
    axes: dict[str, AxisValue] = {}
    for word in words("point", text):
        name, equals, given = (part.strip() for part in word.partition("="))
        if not equals or not name:
            raise UsageError(f"--point has {word!r}; expected axes and their values, such as channels=64,edge=28")
        (value,) = axis_values(name, given)
        if axes.setdefault(name, value) != value:
            raise UsageError(f"--point names axis {name!r} twice; give it once")
    return axes
