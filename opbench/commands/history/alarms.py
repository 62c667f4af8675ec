"""`opbench history alarms`: what moved lately, because of what and, where asked, whether the gate sees it too."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from opbench.cli.plain import plain
from opbench.cli.progress import Notes
from opbench.commands.history.page import controls
from opbench.errors import MachineError, UsageError
from opbench.gate.decision.verdict import FAILED, PASSED
from opbench.gate.output.progress import RunProgress
from opbench.gate.source.worktrees import is_ancestor, top_level
from opbench.history import aliases, files
from opbench.history.alarms.alarm import Alarm, Kind
from opbench.history.alarms.confirm import Confirming
from opbench.history.alarms.found import Looking, alarms
from opbench.history.alarms.known import news, read
from opbench.history.alarms.markdown import markdown
from opbench.history.alarms.message import as_json, line
from opbench.history.alarms.recent import NEWEST, first_of
from opbench.history.attribution import require_controls
from opbench.history.commits import Commits, of_repository
from opbench.history.confirming.gate_run import gate_of
from opbench.history.confirming.question import Measuring
from opbench.history.series import Series, series_of


@dataclass(frozen=True)
class AlarmOptions:
    """As they were typed. machine: of this machine's lines, "" for its own name. controls: () for the usual ones.
    explained: confirm also what the environment or the hardware explains. known: what was told before.
    """

    history: Path
    newest: int = NEWEST
    since: str = ""
    baseline: str = ""
    controls: tuple[str, ...] = ()
    confirm: bool = False
    explained: bool = False
    repository: Path | None = None
    machine: str = ""
    measuring: Measuring = field(default_factory=Measuring)
    as_json: bool = False
    markdown: bool = False
    known: Path | None = None


def run(options: AlarmOptions) -> int:
    """1 where code was confirmed to be slower, or a file of the history could not be read; else 3 where confirmation
    was asked for and an alarm is still open; else 0. Raises UsageError for what is not there.
    """
    if options.explained and not options.confirm:
        raise UsageError("--all says what --confirm measures; give both")
    repository = options.repository or (Path() if options.confirm else None)
    found = files.read(options.history)
    commits = of_repository(repository)
    every = list(series_of(found.table, commits, aliases.read(options.history)))
    seen = alarms(every, _looking(options, every, repository, commits)) if every else []
    told = news(seen, [] if options.known is None else read(options.known), confirming=options.confirm)
    if options.confirm:
        assert repository is not None
        tell = Notes(sys.stderr).note
        progress = RunProgress(None if options.as_json else sys.stderr)
        gate = gate_of(top_level(repository), progress)
        told = Confirming(gate, options.measuring, tell, options.machine, options.explained)(told)
    for problem in found.problems:
        print(plain(f"opbench: {problem}"), file=sys.stderr)
    _show(options, told, found.problems)
    return exit_code(told, asked=options.confirm) or int(bool(found.problems))


def _looking(options: AlarmOptions, every: Sequence[Series], repository: Path | None, commits: Commits) -> Looking:
    require_controls(every, options.controls)
    return Looking(
        first_of(every[0].shared, options.newest, options.since),
        options.controls or controls(),
        options.baseline,
        commits,
        (lambda _old, _new: True) if repository is None else partial(is_ancestor, folder=top_level(repository)),
        options.measuring,
    )


def exit_code(told: Sequence[Alarm], *, asked: bool) -> int:
    """asked: whether alarms were to be confirmed."""
    if any(alarm.kind is Kind.CODE and alarm.slower for alarm in told):
        return FAILED
    return MachineError.exit_code if asked and any(alarm.kind is Kind.UNCONFIRMED for alarm in told) else PASSED


def _show(options: AlarmOptions, told: Sequence[Alarm], problems: Sequence[str]) -> None:
    if options.markdown:
        print(markdown(told, problems), end="")
    elif options.as_json:
        for alarm in told:
            print(json.dumps(as_json(alarm), allow_nan=False))
    else:
        for alarm in told:
            print(plain(line(alarm)))
            if alarm.command:
                print(f"    {plain(alarm.command)}")
        print(f"{len(told)} alarm{'s' * (len(told) != 1)}")
