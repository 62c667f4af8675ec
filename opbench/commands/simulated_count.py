"""`opbench count --simulate=ptx`: what every GPU backend moves and executes, a row for each schedule, without a GPU."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from opbench import catalog, operator_files, simulation
from opbench.cli.options import DTYPES, MODES, one_of, words
from opbench.cli.stepped import stepped
from opbench.errors import MachineError, UsageError, unknown
from opbench.planning.checks import compiled_for
from opbench.running.reporting import write_report
from opbench.store import simulated_counts
from opbench.store.runs import Run, find_run
from opbench.vocabulary.case import Axes, AxisValue, Case, Point
from opbench.vocabulary.simulated_count import NotCounted, SimulatedCount

CLOCK = "none"

RATIOS = (
    *("read_over_least", "written_over_least", "distinct_read_over_least", "distinct_written_over_least"),
    *("coalescing", "divergence"),
)


@dataclass(frozen=True)
class Request:
    """What the command line asks for, as it was typed; axes already taken apart.

    simulate, arch: see `compiled_for`. into: the run beside whose records the rows are written.
    """

    operator: str | None
    axes: Mapping[str, tuple[AxisValue, ...]]
    backends: str | None
    dtypes: str | None
    mode: str
    simulate: str
    arch: str
    into: str | None
    results: Path


def run(request: Request, as_json: bool) -> int:
    """Count, show, and return the exit code: 1 where a kernel did what it must not, 3 where nothing could be counted.

    Raises UsageError for what is asked for wrongly, MachineError where the rows cannot be written.
    """
    architecture = compiled_for(request.simulate, request.arch)
    name = _operator(request)
    beside = None if request.into is None else find_run(request.results, request.into)
    points = _points(request, name, beside)
    simulation.switch_on(simulation.PTX)
    counts, missing = _counted(name, points, words("backend", request.backends), architecture, beside)
    if as_json:
        for line in (*map(_facts, counts), *map(_absence, missing)):
            print(json.dumps(line))
    else:
        _show(counts, missing)
    if beside is not None and counts:
        page = write_report(beside).page.resolve()
        print(json.dumps({"report": str(page)}) if as_json else f"report: {page}")
    if any(each.faulty for each in missing):
        return 1
    return 0 if counts else MachineError.exit_code


def _operator(request: Request) -> str:
    if request.simulate != simulation.PTX:
        raise UsageError(
            f"--simulate={request.simulate or '(none)'}: --backend, --mode, --arch and --into count what compilers "
            "emit; give --simulate=ptx with them"
        )
    if request.operator is None:
        raise UsageError("count --simulate=ptx is of one operator: name it; `opbench ls` lists them")
    return operator_files.one_operator(request.operator)


def _points(request: Request, name: str, beside: Run | None) -> list[Point]:
    """All combinations of the axes; without any the operator's defaults, or with --into the run's own points.

    Raises UsageError for an axis or value that the operator lacks, and for a run that has no such point.
    """
    operator = catalog.operator(name)
    dtypes = one_of("dtype", request.dtypes, DTYPES)
    (mode, *more) = one_of("mode", request.mode, MODES)
    if more or mode == "out":
        raise UsageError(f"--mode {request.mode}: count --simulate=ptx takes forward or backward, one of them")
    if mode not in operator.modes:
        raise unknown("mode", mode, operator.modes, f"of {name}")
    if beside is not None and not request.axes:
        return _points_of_run(beside, name, dtypes, mode)
    grid = [dict(zip(request.axes, values, strict=True)) for values in itertools.product(*request.axes.values())]
    completed = [operator.complete(Axes(values)) for values in grid]
    for axes in completed:
        operator.sizes(axes)
    return [Point(name, axes, dtype, "cpu", mode, CLOCK) for dtype in dtypes for axes in completed]


def _points_of_run(beside: Run, name: str, dtypes: Sequence[str], mode: str) -> list[Point]:
    there = [record.case.point for record in beside.listed()]
    points = [Point(name, each.axes, each.dtype, "cpu", mode, CLOCK) for each in there if each.operator == name]
    asked = [point for point in dict.fromkeys(points) if point.dtype in dtypes]
    if not asked:
        told = ", ".join(dict.fromkeys(f"{each.operator} in {each.dtype}" for each in there)) or "no records"
        raise UsageError(
            f"{beside.folder} has no point of {name} in {', '.join(dtypes)}; it has {told}: give --dtype, or axes"
        )
    return asked


def _counted(
    name: str, points: Sequence[Point], named: Sequence[str], architecture: str, beside: Run | None
) -> tuple[list[SimulatedCount], list[NotCounted]]:
    """beside: the run that gets each count as soon as it is there: what is interrupted keeps what it has."""
    from opbench.profiling.simulated_counts import count_simulated, labels

    kept, missing = labels(name, named)
    if beside is not None:
        simulated_counts.read(beside)  # refused now, not after minutes, where the file is not as it was written
    cases = [Case(point, label) for point in points for label in kept]
    counts: list[SimulatedCount] = []
    for case in stepped(cases, lambda case: f"{case.backend} {case.point}"):
        told = count_simulated(case, architecture)
        if isinstance(told, NotCounted):
            missing.append(told)
            continue
        counts.append(told)
        if beside is not None:
            simulated_counts.add(beside, [told])
    return counts, list(dict.fromkeys(missing))


def _show(counts: Sequence[SimulatedCount], missing: Sequence[NotCounted]) -> None:
    from rich.console import Console

    console = Console(highlight=False)
    wide = console if console.is_terminal else Console(highlight=False, width=160)
    wide.print(catalog.shown_by("terminal.simulated_counts_table.counts_table")(counts, missing))


def _facts(count: SimulatedCount) -> dict[str, Any]:
    fields = {name: value for name, value in asdict(count).items() if name != "case"}
    return {"case": count.case.key, **fields, **{name: getattr(count, name) for name in RATIOS}}


def _absence(missing: NotCounted) -> dict[str, Any]:
    return {**asdict(missing), "point": missing.point and missing.point.key}
