"""`opbench check`: is every backend right, at sizes that break things?"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from time import monotonic

from opbench import catalog, operator_files, simulation
from opbench.cli.options import DTYPES, MODES, one_of, resolve_device, words
from opbench.cli.plain import plain
from opbench.cli.progress import Notes
from opbench.errors import MachineError, UsageError
from opbench.measure.point import PointMeasurement
from opbench.planning.checks import check_points, checked_backends, compiled_for, surroundings
from opbench.planning.plan import elsewhere_only
from opbench.running.quick_check import time_briefly
from opbench.store.lock import measuring
from opbench.vocabulary.backend import Backend
from opbench.vocabulary.case import Axes, AxisValue, Case, Point
from opbench.vocabulary.operator import Operator
from opbench.vocabulary.record import Check, Failed, Measured, Mismatch, Outcome, Record, Unavailable
from opbench.vocabulary.settings import Settings

Verdict = Check | Outcome

TELL_EVERY_S = 2.0
"""Where there is no terminal for a progress bar."""


def run(
    name: str,
    given: Mapping[str, tuple[AxisValue, ...]],
    backends: str | None,
    dtypes: str | None,
    modes: str | None,
    device: str,
    simulate: str,
    architecture: str,
    limit: bool,
    wait: bool,
    as_json: bool,
) -> int:
    """`simulate` checks the GPU backends on CPU tensors, schedule by schedule: "" not, `source` each under its
    simulator, `ptx` what its compiler emits for `architecture` ("" for sm_90). `limit` also times them at one point,
    and fails what is quicker than the machine can be.
    """
    architecture = compiled_for(simulate, architecture)
    on = _simulated_device(device, simulate) if simulate else resolve_device(device)
    name = operator_files.one_operator(name)
    operator = catalog.operator(name)
    wanted = words("backend", backends)
    names = wanted or tuple(checked_backends(name, on, simulate=bool(simulate)))
    for backend in names:
        catalog.backend(name, backend)
    asked = one_of("mode", modes, MODES) or tuple(sorted(operator.modes))
    points = list(check_points(operator, given, one_of("dtype", dtypes, DTYPES), asked, on))
    wrong = 0
    passed: dict[str, int] = dict.fromkeys(names, 0)
    refused: Counter[tuple[str, str]] = Counter()
    with surroundings(architecture):
        for point, verdicts in _verdicts(operator, points, names):
            for label, verdict in verdicts.items():
                wrong += isinstance(verdict, Mismatch | Failed)
                passed[label] += isinstance(verdict, Check)
                if isinstance(verdict, Unavailable) and not as_json:
                    refused[label, verdict.reason] += 1
                else:
                    _show(point, label, verdict, bool(simulate), as_json)
    for (label, reason), count in refused.items():
        print(plain(f"unavailable {label}: {reason} ({count} of {len(points)} points)"))
    if not as_json:
        told = ", ".join(f"{label} {count} passed" for label, count in passed.items())
        print(f"{len(points)} points{' simulated' if simulate else ''}: {told}")
        if simulate and (by := _simulators(name, names, passed, architecture)):
            print(f"simulated: {by}")
        if not simulate and not wanted and (others := elsewhere_only(name, on)):
            print(f"left out: {', '.join(others)} have no kernels for this device; --simulate checks them without one")
    if limit:
        with measuring(on, Notes(sys.stderr).note, wait):
            wrong += _beside_the_limit(points, names, as_json, wrong > 0)
    return 1 if wrong else 0


def _beside_the_limit(points: Sequence[Point], names: Sequence[str], as_json: bool, wrong: bool) -> int:
    """Time every backend in each dtype and mode that was checked; how many are too quick to be true, wrong or fail.

    At the operator's defaults, where check points are its own: these are too small, all is bound by the launch.
    Raises MachineError where this machine's ceilings are not known, unless something is `wrong` already.
    """
    try:
        records = [record for point in _largest(points) for record in time_briefly(point, names)]
    except MachineError as exc:
        if not wrong:
            raise
        print(plain(f"opbench: {exc}"), file=sys.stderr)
        return 0
    for record in records:
        _show_timed(record, as_json)
    return sum(record.impossible or isinstance(record.outcome, Mismatch | Failed) for record in records)


def _largest(points: Sequence[Point]) -> Iterator[Point]:
    """Of every dtype and mode one point: the operator's defaults, or above them the largest number that was given."""
    for kind in dict.fromkeys((point.dtype, point.mode) for point in points):
        alike = [point for point in points if (point.dtype, point.mode) == kind]
        axes = {axis.name: axis.default for axis in catalog.operator(alike[0].operator).axes}
        largest = {
            name: default if isinstance(default, str) else max(default, *(point.axes[name] for point in alike))
            for name, default in axes.items()
        }
        yield replace(alike[0], axes=Axes(largest))


def _show_timed(record: Record, as_json: bool) -> None:
    """Its share of the limit. What was not timed is told by the check, unless it went wrong only now."""
    outcome, share = record.outcome, record.fraction_of_limit
    if as_json:
        said = {"fraction_of_limit": share, "impossible": record.impossible, "timed": type(outcome).__name__.lower()}
        print(json.dumps({"case": record.case.key, **said}))
    elif share is not None and isinstance(outcome, Measured):
        told = f"IMPOSSIBLE  {outcome.warnings[-1]}" if record.impossible else f"{share:.2g} of the limit"
        print(plain(f"timed {record.case.point} {record.case.label}: {told}"), flush=True)
    elif isinstance(outcome, Mismatch | Failed):
        reason = outcome.check.detail if isinstance(outcome, Mismatch) else outcome.reason
        kind = type(outcome).__name__.lower()
        print(plain(f"{kind:11} {record.case.point} {record.case.label}, timed: {reason}"), flush=True)


def _simulators(name: str, labels: Sequence[str], passed: Mapping[str, int], architecture: str) -> str:
    """What ran, of the backends that passed somewhere: such as "Triton's PTX for sm_90"."""
    found = [catalog.backend(name, label) for label in labels if passed[label]]
    of = f" for {architecture}" if simulation.on_ptx() else ""
    by = [f"{each.simulated_by}{of}" for each in found if isinstance(each, Backend) and each.simulated("cpu")]
    return ", ".join(dict.fromkeys(by))


def _simulated_device(device: str, way: str) -> str:
    """Raises UsageError when a GPU is asked for at the same time."""
    if device == "cuda":
        raise UsageError("--simulate runs GPU kernels on the CPU; leave --device cuda away, or --simulate")
    simulation.switch_on(way)
    return "cpu"


def _verdicts(
    operator: Operator, points: Sequence[Point], names: Sequence[str]
) -> Iterator[tuple[Point, dict[str, Verdict]]]:
    from rich.console import Console
    from rich.progress import track

    live = sys.stderr.isatty()  # rich takes FORCE_COLOR, which kernels of notebooks set, for a terminal
    shown = track(points, description=f"checking {operator.name}", console=Console(stderr=True), disable=not live)
    told = monotonic()
    for done, point in enumerate(shown):
        if not live and monotonic() - told > TELL_EVERY_S:
            told = monotonic()
            print(f"[{done}/{len(points)}] {point}", file=sys.stderr, flush=True)
        cases = [Case(point, backend) for backend in names]
        yield point, PointMeasurement(point, cases, Settings(), lambda *_: None).verify(operator)


def _show(point: Point, label: str, verdict: Verdict, simulated: bool, as_json: bool) -> None:
    kind = "passed" if isinstance(verdict, Check) else type(verdict).__name__.lower()
    if isinstance(verdict, Check | Mismatch):
        check = verdict if isinstance(verdict, Check) else verdict.check
        detail = f"max error {check.max_abs_error:.3g}, {check.misses} of {check.elements} missed"
        detail += f"; {check.detail}" if check.detail else ""
    else:
        detail = verdict.reason if isinstance(verdict, Unavailable | Failed) else ""
    if as_json:
        print(json.dumps({"case": Case(point, label).key, "outcome": kind, "detail": detail, "simulated": simulated}))
    elif kind != "passed":
        print(plain(f"{kind:11} {point} {label}: {detail}"), flush=True)
