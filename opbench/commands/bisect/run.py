"""`opbench bisect`: which commit made a case slower, measured by the gate."""

from __future__ import annotations

import json
import platform
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from opbench.cache import content_digest
from opbench.cli.plain import plain
from opbench.cli.progress import Notes
from opbench.errors import MachineError, UsageError, unknown
from opbench.gate.output.progress import RunProgress
from opbench.gate.runs.live import remove_leftovers
from opbench.gate.runs.options import GateOptions
from opbench.gate.source.worktrees import commit, is_ancestor, top_level
from opbench.history import aliases, files
from opbench.history.alarms.ends import ends as ends_of
from opbench.history.bisection.bisection import Bisection, Found, Outcome
from opbench.history.bisection.graph import Graph
from opbench.history.bisection.journal import Journal
from opbench.history.bisection.report import as_json, markdown, sentence, shown_again
from opbench.history.commits import of_repository
from opbench.history.confirming.gate_run import gate_of
from opbench.history.confirming.question import TOLERANCE, Measuring, circumstances, question, tolerance_for
from opbench.history.machine import name_of
from opbench.history.series import Series, series_of
from opbench.store.files import write_whole

FOLDER = "bisect"


@dataclass(frozen=True)
class BisectOptions:
    """As they were typed."""

    case: str
    good: str = ""
    bad: str = ""
    history: Path | None = None
    machine: str = ""
    repository: Path = Path()
    first_parent: bool = False
    device: str = ""
    again: bool = False
    measuring: Measuring = field(default_factory=Measuring)
    as_json: bool = False
    markdown: bool = False


def run(options: BisectOptions) -> int:
    """0 where a commit was found, else 3. Raises UsageError for a case, commits or a history that are not there."""
    root = top_level(options.repository)
    ends = _ends(options, root)
    device, threads = circumstances(ends.facts)
    asked = question([options.case], options.measuring, options.device or device, threads)
    graph = Graph(root, options.first_parent)
    graph.require_between(ends.good, ends.bad)
    bisection = Bisection(
        options.case,
        asked,
        ends.good,
        ends.bad,
        options.measuring.tolerance or ends.tolerance,
        graph,
        gate_of(root, RunProgress(None)),
        _journal(options, asked, root, ends),
        Notes(sys.stderr).note,
    )
    remove_leftovers(root, bisection.tell)
    found = bisection()
    _write(bisection, found)
    _show(options, bisection, found)
    return 0 if found.outcome is Outcome.FOUND else MachineError.exit_code


@dataclass(frozen=True)
class _Ends:
    """good, bad: commits in full. tolerance: what the claim is held against where nobody says. facts: of the
    environment that the line was measured in, empty where there is no line.
    """

    good: str
    bad: str
    tolerance: float = TOLERANCE
    facts: Mapping[str, Any] = field(default_factory=dict)


def _ends(options: BisectOptions, root: Path) -> _Ends:
    if options.history is not None and not options.good:
        if options.bad:
            raise UsageError("--bad alone: give --good too, or leave both to --history")
        return _from_history(options, root)
    if not options.good:
        raise UsageError("nothing to begin with: give --good COMMIT, or --history DIR whose newest slowdown is meant")
    return _Ends(commit(root, options.good), commit(root, options.bad or "HEAD"))


def _from_history(options: BisectOptions, root: Path) -> _Ends:
    assert options.history is not None
    found, commits = files.read(options.history), of_repository(root)
    for problem in found.problems:
        print(plain(f"opbench: {problem}"), file=sys.stderr)
    every = list(series_of(found.table, commits, aliases.read(options.history)))
    line = _line(options, every)
    slower = [step for step in line.steps if step.ratio.mid > 1]
    if not slower:
        raise UsageError(f"{options.case} on {line.machine} has no step to slower in {options.history}; give --good")
    told = ends_of(line, slower[-1], commits, partial(is_ancestor, folder=root))
    if isinstance(told, str):
        raise UsageError(
            f"the newest slowdown of {options.case} cannot be measured again: {told}; give --good and --bad"
        )
    return _Ends(*told, tolerance_for(slower[-1].ratio.mid), line.facts(slower[-1].last))


def _line(options: BisectOptions, every: list[Series]) -> Series:
    of_case = [one for one in every if one.case == options.case]
    if not of_case:
        raise unknown("case", options.case, {one.case for one in every}, "in this history")
    of_machine = [one for one in of_case if options.machine in {"", one.machine, name_of(one.machine)}]
    if len(of_machine) != 1:
        machines = ", ".join(sorted(one.machine for one in of_case))
        raise UsageError(f"the case has {len(of_machine)} lines that may be meant; say --machine, one of {machines}")
    return of_machine[0]


def _journal(options: BisectOptions, asked: GateOptions, root: Path, ends: _Ends) -> Journal:
    told = {
        "case": options.case,
        "root": str(root.resolve()),
        "good": ends.good,
        "bad": ends.bad,
        "first_parent": options.first_parent,
        "tolerance": options.measuring.tolerance or ends.tolerance,
        "install": asked.install,
        "declaring": list(options.measuring.declaring),
        "device": asked.device,
        "threads": asked.threads,
        "python": [sys.executable, sys.version, platform.node()],  # of another one the same commits are other news
    }
    return Journal.of(options.measuring.results / FOLDER / content_digest(told), told, again=options.again)


def _write(asked: Bisection, found: Found) -> None:
    folder = asked.journal.folder
    try:
        write_whole(folder / "bisect.json", (json.dumps(as_json(asked, found), indent=1) + "\n").encode())
        write_whole(folder / "summary.md", markdown(asked, found).encode())
    except OSError as exc:
        raise MachineError(f"the result cannot be written below {folder}: {exc.strerror}") from exc


def _show(options: BisectOptions, asked: Bisection, found: Found) -> None:
    if options.markdown:
        print(markdown(asked, found), end="")
    elif options.as_json:
        print(json.dumps(as_json(asked, found), allow_nan=False))
    else:
        print(plain(sentence(asked, found)))
        print(f"    {plain(shown_again(asked, found))}")
        print(f"report: {(asked.journal.folder / 'summary.md').resolve()}")
