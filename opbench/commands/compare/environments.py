"""`opbench compare NAME --python A --python B`: the same cases in two environments, which take turns."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from opbench import catalog, operator_files
from opbench.cli.options import resolve_device, tolerance
from opbench.cli.plain import plain
from opbench.commands.compare.run import plain_data, write_page
from opbench.custom.difference import Difference, case_names
from opbench.environments.answer import conclusion, difference_of, exit_code_of
from opbench.environments.case_file import named
from opbench.environments.installed import Installation
from opbench.environments.interpreter import Interpreter, interpreter
from opbench.environments.turns import Turns
from opbench.errors import UsageError, unknown
from opbench.gate.decision.verdict import Verdict
from opbench.gate.output.progress import RunProgress, progress_for
from opbench.gate.runs.artifacts import LiveRun, new_folder, write_artifacts
from opbench.gate.samples import SIDES, Side
from opbench.gate.stats.rule import Rule
from opbench.measure.timing.clocks import clock_for
from opbench.planning.plan import plan
from opbench.planning.request import file_sweep
from opbench.vocabulary.case import Case
from opbench.vocabulary.sweep import Grid, Narrowing, Sweep

PAGE = "difference.html"

ABOUT = (
    "Head's time for each case over base's, by processes of both that took turns; below 1 head is faster. What is "
    "called slower or faster was seen by some processes and confirmed by others."
)


@dataclass(frozen=True)
class EnvironmentOptions:
    """As they were typed. pythons: paths; installs: what pip is given. The first of all is base, the second head."""

    name: str
    by: Narrowing
    pythons: Sequence[str]
    installs: Sequence[str]
    device: str
    threads: int
    tolerance: str
    page: Path | None
    results: Path
    time_limit_s: float
    wait: bool
    as_json: bool


def run(options: EnvironmentOptions) -> int:
    """See `exit_code_of`. Raises UsageError for names, values and interpreters that are not there, MachineError for an
    environment that cannot be made or lacks what measuring needs.
    """
    count = len(options.pythons) + len(options.installs)
    if count != len(SIDES):
        raise UsageError(
            f"{count} environment{'s' * (count != 1)} named; expected two: --python A --python B, --with 'torch==2.11' "
            "--with 'torch==2.13', or one of each (then --python is base)"
        )
    rule = Rule(tolerance=tolerance(options.tolerance))
    device = resolve_device(options.device)
    with progress_for(options.as_json) as progress:
        cases = _cases(options, device, progress)
        sides = _interpreters(options, progress)
        turns = Turns(rule, device, options.threads, options.time_limit_s, options.wait)
        live = turns.compare({side: found.python for side, found in sides.items()}, cases, progress)
    compared = {side: _described(found, live, side) for side, found in sides.items()}
    return _show(options, compared, live)


def question(name: str) -> Sweep:
    """Of a sweep's name, an operator's, or a file that declares operators. Raises UsageError for any other."""
    if operator_files.is_file(name):
        return file_sweep(name)
    if name in catalog.sweeps():
        return catalog.sweep(name)
    if name not in catalog.operators():
        raise unknown("sweep or operator", name, [*catalog.sweeps(), *catalog.operators()])
    axes = {axis.name: (axis.default,) for axis in catalog.operator(name).axes}
    return Sweep(f"how long does {name} take?", (Grid((name,), axes),))


def _cases(options: EnvironmentOptions, device: str, progress: RunProgress) -> dict[str, Case]:
    asked = question(options.name).narrowed(options.by)
    cases: list[Case] = []
    for task in plan(asked, device, clock_for(device)):
        if task.skip:
            progress.note(f"left out: {task.point}: {task.skip}")
        else:
            cases += task.cases
    if not cases:
        raise UsageError(
            f"{options.name} has no case to compare on {device}; widen its axes, or name another --backend"
        )
    return named(cases, case_names(cases))


def _interpreters(options: EnvironmentOptions, progress: RunProgress) -> dict[Side, Interpreter]:
    installations = [Installation.of(text) for text in options.installs]
    named_there = [interpreter(path) for path in options.pythons]
    made = [interpreter(str(one.python(progress.note, options.wait))) for one in installations]
    return dict(zip(SIDES, [*named_there, *made], strict=True))


def _described(found: Interpreter, live: LiveRun, side: Side) -> str:
    versions = live.dry_runs[side].environment.get("versions", {})
    return f"{found.python} (Python {found.version}, PyTorch {versions.get('torch', 'of unknown version')})"


def _show(options: EnvironmentOptions, compared: Mapping[Side, str], live: LiveRun) -> int:
    difference = difference_of(live)
    folder = new_folder(options.results, "compare")
    write_artifacts(live, compared, folder, frozenset({Verdict.SKIPPED}))
    page = _page(compared, difference)
    for place in filter(None, (folder / PAGE, options.page)):
        write_page(place, page)
    code = exit_code_of(live)
    if options.as_json:
        told = {"head": compared["head"], "base": compared["base"], **plain_data(difference)}
        print(json.dumps(told | {"exit_code": code, "folder": str(folder.resolve())}))
        return code
    heading = f"base: {compared['base']}\nhead: {compared['head']}\nratio: head / base"
    print(plain(f"{heading}\n{difference}\n{conclusion(difference)}", keep="\n"))
    print(f"page: {(folder / PAGE).resolve()}")
    return code


def _page(compared: Mapping[Side, str], difference: Difference) -> str:
    render = catalog.shown_by("pages.difference_page.render")
    text: str = render(f"head: {compared['head']}", {f"base: {compared['base']}": difference}, ABOUT)
    return text
