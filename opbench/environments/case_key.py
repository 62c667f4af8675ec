"""From a case's key, as histories and records have it, back to the case."""

from __future__ import annotations

from collections.abc import Mapping

from opbench import catalog
from opbench.cli.options import axis_values
from opbench.errors import OpbenchError, UsageError
from opbench.vocabulary.case import Axes, AxisValue, Case, Point

EXAMPLE = "fill/float32/cpu/forward/wall/kib=64/torch_eager"

_PARTS = 7
_TRUTH = {"True": True, "False": False}


def case_of_key(key: str) -> Case | None:
    """The case whose `key` this is; None where it is the key of none.

    Values are of the types that the operator's axes have; where this process does not know the operator, because only
    a checkout declares it, they are read as on a command line.
    """
    parts = key.split("/")
    if "::" in key or len(parts) != _PARTS or not all((parts[0], parts[6])):  # a test's id may be as deep in folders
        return None
    operator, dtype, device, mode, clock, axes, label = parts
    backend, _, number = label.partition("#")
    values = _axes(axes, _defaults(operator))
    if values is None or (number and not number.isdecimal()):
        return None
    case = Case(Point(operator, Axes(values), dtype, device, mode, clock), backend, int(number or 1) - 1)
    return case if case.key == key else None


def required_case(key: str) -> Case:
    """Raises UsageError for what is no key."""
    case = case_of_key(key)
    if case is None:
        raise UsageError(
            f"{key!r:.200} is the key of no case; expected operator/dtype/device/mode/clock/axes/backend, such as "
            f"{EXAMPLE}; `opbench history alarms` and the column `case` of a history have them"
        )
    return case


def _defaults(operator: str) -> Mapping[str, AxisValue]:
    try:
        return {axis.name: axis.default for axis in catalog.operator(operator).axes}
    except OpbenchError:
        return {}


def _axes(text: str, defaults: Mapping[str, AxisValue]) -> dict[str, AxisValue] | None:
    values: dict[str, AxisValue] = {}
    for word in filter(None, text.split(",")):
        name, equals, value = word.partition("=")
        if not (name and equals and value):
            return None
        values[name] = value if isinstance(defaults.get(name), str) else _value(name, value)
    return values


def _value(name: str, text: str) -> AxisValue:
    return _TRUTH[text] if text in _TRUTH else axis_values(name, text)[0]
