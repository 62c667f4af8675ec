"""From what was typed after `opbench profile` to one case."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from opbench import catalog
from opbench.case import Axes, Case, Point
from opbench.errors import UsageError
from opbench.options import DTYPES, MODES, integers, one_of, words
from opbench.timing.clocks import clock_for


@dataclass(frozen=True)
class Typed:
    """The options that name the case, as they were typed; axes already taken apart."""

    operator: str
    axes: Mapping[str, tuple[int, ...]]
    point: str | None
    backend: str | None
    dtype: str
    mode: str


def case_of(typed: Typed, device: str) -> Case:
    """Raises UsageError for an unknown name, for a missing backend, and for more than one of anything."""
    operator = catalog.operator(typed.operator)
    backend = _backend(typed)
    (dtype,) = _single("--dtype", one_of("dtype", typed.dtype, DTYPES))
    (mode,) = _single("--mode", one_of("mode", typed.mode, MODES))
    axes = operator.complete(Axes(_axes(typed)))
    operator.sizes(axes)
    return Case(Point(typed.operator, axes, dtype, device, mode, clock_for(device)), backend)


def _backend(typed: Typed) -> str:
    known = ", ".join(catalog.backend_names(typed.operator))
    if typed.backend is None:
        raise UsageError(f"a profile is of one backend: name it with --backend; {typed.operator} has {known}")
    (backend,) = _single("--backend", words("backend", typed.backend))
    catalog.backend(typed.operator, backend)  # raises, naming those that exist
    return backend


def _single(option: str, given: tuple[str, ...]) -> tuple[str, ...]:
    if len(given) != 1:
        listed = ", ".join(given)
        raise UsageError(f"a profile is of one case: {option} has {len(given)} values ({listed}); give one")
    return given


def _axes(typed: Typed) -> dict[str, int]:
    """Of `--point channels=64,edge=28` and of options such as `--channels 64`."""
    found = dict(_pairs(typed.point))
    for name, values in typed.axes.items():
        (value,) = _single(f"--{name.replace('_', '-')}", tuple(map(str, values)))
        if name in found and found[name] != int(value):
            raise UsageError(f"axis {name!r} is {found[name]} in --point and {value} in --{name}; give it once")
        found[name] = int(value)
    return found


def _pairs(text: str | None) -> list[tuple[str, int]]:
    pairs: list[tuple[str, int]] = []
    for word in words("point", text):
        name, equals, value = (part.strip() for part in word.partition("="))
        if not equals or not name:
            raise UsageError(f"--point has {word!r}; expected axes and their values, such as channels=64,edge=28")
        (number,) = integers(name, value)
        if any(name == known and number != other for known, other in pairs):
            raise UsageError(f"--point names axis {name!r} twice; give it once")
        pairs.append((name, number))
    return pairs
