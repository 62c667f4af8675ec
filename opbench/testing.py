"""For tests of packages of one's own: every backend held against its operator's reference, as `opbench check` does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from opbench import catalog
from opbench.measure.point import PointMeasurement
from opbench.planning.checks import check_points, checked_backends, surroundings
from opbench.vocabulary.case import AxisValue, Case
from opbench.vocabulary.record import Check, Failed, Mismatch, Outcome, Unavailable
from opbench.vocabulary.settings import Settings


def assert_correct(
    operator: str,
    backends: Sequence[str] = (),
    dtypes: Sequence[str] = ("float32",),
    modes: Sequence[str] = (),
    axes: Mapping[str, tuple[AxisValue, ...]] | None = None,
    device: str = "cpu",
) -> dict[Case, Check | Outcome]:
    """Check backends at the operator's check points, in this process; nothing is timed.

    backends: names, with a schedule if wanted; all that have kernels for the device where left out.
    modes: all of the operator's where left out. axes: values in place of the check points, all combinations.

    Returns the verdict of every case: a passed `Check`, or `Unavailable` where the backend does not take the point.
    Raises AssertionError, a line for each case, where one computes something else or fails, and where none passed;
    UsageError for a name or a value that does not exist.
    """
    described = catalog.operator(operator)
    names = tuple(backends) or tuple(checked_backends(operator, device))
    for name in names:
        catalog.backend(operator, name)
    verdicts: dict[Case, Check | Outcome] = {}
    for point in check_points(described, axes or {}, dtypes, modes or sorted(described.modes), device):
        cases = {name: Case(point, name) for name in names}
        with surroundings():
            found = PointMeasurement(point, list(cases.values()), Settings(), lambda *_: None).verify(described)
        verdicts |= {cases[name]: verdict for name, verdict in found.items()}
    wrong = [f"{case.key}: {_told(one)}" for case, one in verdicts.items() if isinstance(one, Mismatch | Failed)]
    if wrong:
        raise AssertionError("\n".join(wrong))
    if not any(isinstance(one, Check) for one in verdicts.values()):
        reasons = {_told(one) for one in verdicts.values()} or {"there was nothing to check"}
        raise AssertionError(f"no case of operator {operator!r} passed: {'; '.join(sorted(reasons))}")
    return verdicts


def _told(verdict: Check | Outcome) -> str:
    """What is wrong, or missing, in one line."""
    match verdict:
        case Mismatch(check=check):
            return f"{check.misses} of {check.elements} elements missed; {check.detail}"
        case Failed(phase=phase, reason=reason):
            return f"failed in {phase}: {reason}"
        case Unavailable(reason=reason):
            return reason
    return type(verdict).__name__
