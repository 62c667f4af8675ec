"""`opbench sweep`: measure, record, report."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, nullcontext, redirect_stdout
from dataclasses import replace
from pathlib import Path
from typing import Any

from opbench import catalog, operator_files
from opbench.ceilings.validation import with_limits
from opbench.cli.options import resolve_device
from opbench.cli.progress import Notes, reporter
from opbench.commands import ceilings
from opbench.commands.history.add import keep, ready
from opbench.commands.history.into import Into
from opbench.errors import MachineError, UsageError
from opbench.measure.contention import Machine, Use, disturbance, ignored
from opbench.measure.timing.clocks import clock_for
from opbench.planning.plan import Plan, elsewhere_only, plan
from opbench.planning.remaining import Left, overview
from opbench.running.estimate import Expected, expected
from opbench.running.reporting import Written, write_report
from opbench.running.runner import Runner
from opbench.store import runs
from opbench.store.codec import to_line
from opbench.store.journal import Journal
from opbench.store.lock import measuring
from opbench.store.progress import begin
from opbench.store.runs import Run
from opbench.vocabulary.settings import Settings
from opbench.vocabulary.sweep import Grid, Narrowing, Sweep

WATCH_S = 1.0
"""Seconds to watch who else uses the machine; most of them pass while the sweep is planned."""


def run(
    name: str,
    by: Narrowing,
    device: str,
    clock: str | None,
    results: Path,
    resume: bool,
    settings: Settings,
    threads: tuple[int, ...],
    budget: float | None,
    with_ceilings: bool,
    history: Into | None,
    wait: bool,
    port: int | None,
    as_json: bool,
) -> int:
    """`budget` in seconds replaces the sweep's own; None leaves it. `threads` are values of the sweep's axis of that
    name, or of the process where it has none; (0,) leaves both. `with_ceilings` measures this machine's first where
    they are not known. `wait` for another measurement on the device, or raise MachineError. `history` gets the rows
    of the run when it is over; whether it can be written is seen to before. `port` of the page that shows the run
    until then, 0 for any; None for no page.
    """
    tell = Notes(sys.stderr).note
    if history is not None:
        ready(history)
    machine = Machine.here()
    before = machine.use()
    question = file_sweep(name) if operator_files.is_file(name) else catalog.sweep(name)
    name = operator_files.run_name(name)
    if threads != (0,) and question.has_axis("threads"):
        by = replace(by, axes={**by.axes, "threads": threads})
    elif len(threads) > 1:
        raise UsageError(
            f"--threads is {','.join(map(str, threads))}, and sweep {name!r} has no axis of threads; give one"
        )
    else:
        settings = replace(settings, threads=threads[0])
    question = question.narrowed(by)
    settings = replace(settings, budget_s=question.budget_s if budget is None else budget)
    on = resolve_device(device)
    tasks = plan(question, on, clock_for(on, clock or question.clocks.get(on)))
    of_ceilings = threads[0] if len(threads) == 1 else 0
    with ExitStack() as until_reported:
        with measuring(on, tell, wait):
            target = runs.latest_run(results, name) if resume else runs.new_run(results, name)
            with target.journal() as journal:
                if journal.repaired:
                    tell(journal.repaired)
                _tell_of_others(machine, before, tell)
                left = overview(tasks, journal.keys)
                first = with_ceilings and not ceilings.probably_known(on, of_ceilings)
                _tell_how_long(target, left, expected(left, settings, ceilings.MOST_S if first else 0.0), tell)
                reported = until_reported.enter_context(_served(target, port, tell))
                if with_ceilings:
                    with redirect_stdout(sys.stderr if as_json else sys.stdout):
                        ceilings.known(
                            on, of_ceilings, again=False, output=None, results=results, quiet=True, as_json=False
                        )
                _measure(target, journal, tasks, left, on, settings, as_json)
        written = write_report(target, listing=journal.listing)
        reported(written.page)
    _show(target, written, as_json)
    code = exit_code(written.totals)
    if history is not None:
        said, of_history = keep(target, history, written.totals.measured)
        tell(said)
        code = code or of_history
    return code


def file_sweep(text: str) -> Sweep:
    """The operators of a file or module at their defaults, which the command line may widen. Raises UsageError."""
    operators = [catalog.operator(name) for name in operator_files.use(text)]
    grids = (Grid((one.name,), {axis.name: (axis.default,) for axis in one.axes}) for one in operators)
    return Sweep(f"how long do the operators of {text} take?", tuple(grids))


def exit_code(totals: Any) -> int:
    """1 where there is something to act on: a wrong or failed backend, an impossible figure, counts that differ.

    3 where the machine was too busy for some, and nothing else is wrong.
    """
    outcomes = totals.outcomes
    if outcomes["mismatch"] or outcomes["failed"] or totals.impossible.count or totals.differing.count:
        return 1
    return MachineError.exit_code if outcomes["contended"] else 0


def _tell_how_long(target: Run, left: Left, said: Expected, tell: Callable[[str], None]) -> None:
    """Here, and to whoever watches the run."""
    tell(str(said))
    begin(target, left.total, left.total - left.cases, said.total_s, time.time())


def _served(
    target: Run, port: int | None, tell: Callable[[str], None]
) -> AbstractContextManager[Callable[[Path], None]]:
    """The page of the run meanwhile, where there is a port for it; what is to be called with the report's page."""
    if port is None:
        return nullcontext(lambda _: None)
    from opbench.live.server import served
    from opbench.live.watch import Watch

    page = catalog.shown_by("pages.live_page.render")("/".join(target.folder.parts[-2:]))
    return served(Watch(target), port, page.encode(), tell)


def _tell_of_others(machine: Machine, before: Use | None, tell: Callable[[str], None]) -> None:
    """Say so where others use this machine, over a second since `before`."""
    if before is None or ignored():
        return
    time.sleep(max(0.0, WATCH_S - (machine.clock() - before.at_s)))
    if said := disturbance(before, machine.use(), len(machine.cpus)):
        who = ", ".join(machine.busiest()) or "many small processes"
        tell(f"this machine is busy: {said} ({who}); what that disturbs is measured again, and marked or left open")


def _measure(
    target: Run, journal: Journal, tasks: Plan, left: Left, device: str, settings: Settings, as_json: bool
) -> None:
    with reporter(silent=as_json) as shown:
        runner = Runner(target, device, settings, shown, ahead=True)
        runner.go(tasks, journal, left)
        shown.note(f"wall time {runner.accounts}")
        for note in _left_out(tasks, device):
            shown.note(note)


def _left_out(tasks: Plan, device: str) -> Iterator[str]:
    """One line per operator whose other backends are for another device."""
    asked = {name.partition(":")[0] for name in tasks.backends}
    for operator in tasks.operators:
        if others := [name for name in elsewhere_only(operator, device) if name not in asked]:
            yield f"{operator}: {', '.join(others)} left out, which have no kernels for {device}"


def _show(run: Run, written: Written, as_json: bool) -> None:
    """Every record as a line of JSON, or a table: of every case, or where these are too many of every backend."""
    if as_json:
        sys.stdout.writelines(map(to_line, written.records if written.complete else with_limits(run.listed())))
        return
    from rich.console import Console

    console = Console()
    wide = console if console.is_terminal else Console(width=140)  # a log has no edge to wrap at
    if written.complete:
        wide.print(catalog.shown_by("terminal.results_table.terminal_table")(written.records))
    else:
        wide.print(catalog.shown_by("terminal.results_table.totals_table")(written.totals))
        print("too many cases for a row each: all values are in table.csv beside the report")
    print(f"{written.totals.measured} of {written.totals.records} cases measured")
    print(f"report: {written.page.resolve()}")
