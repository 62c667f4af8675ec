"""`opbench sweep`: measure, record, report."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, nullcontext, redirect_stdout
from dataclasses import replace
from pathlib import Path
from time import sleep, time
from typing import Any

from opbench import catalog, operator_files
from opbench.ceilings.validation import with_limits
from opbench.cli.progress import Notes, reporter
from opbench.commands import ceilings
from opbench.commands.history.add import keep, ready
from opbench.commands.sweep.options import SweepOptions
from opbench.commands.sweep.places import place_of
from opbench.errors import MachineError, UsageError
from opbench.measure.contention import Machine, Use, disturbance, ignored
from opbench.measure.timing.clocks import clock_for
from opbench.planning import plan_file
from opbench.planning.plan import Plan, Task, elsewhere_only
from opbench.planning.plan_file import Part, PlanFile
from opbench.planning.remaining import Left, overview
from opbench.planning.request import Request, Share, question, with_threads
from opbench.planning.shard import Shard
from opbench.process.environment import revision
from opbench.running.estimate import expected
from opbench.running.reporting import Written, write_report
from opbench.running.workers.places import Measuring, Place
from opbench.store import runs
from opbench.store.codec import to_line
from opbench.store.progress import begin
from opbench.store.runs import Run
from opbench.vocabulary.settings import Settings
from opbench.vocabulary.sweep import Sweep

WATCH_S = 1.0
"""Seconds to watch who else uses the machine; most of them pass while the sweep is planned."""


def run(options: SweepOptions) -> int:
    """The exit code. Raises UsageError for what is asked wrongly, MachineError for what this machine cannot do."""
    tell = Notes(sys.stderr).note
    if options.history is not None:
        ready(options.history, revision())
    machine = Machine.here()
    before = machine.use()
    shard = Shard.of(options.shard)
    asked = question(options.name)
    asked.narrowed(options.by)  # refused before a cluster is asked for
    place = place_of(options)
    request, settings = _request(options, asked, place.device)
    share = request.share(shard)
    with ExitStack() as until_reported:
        with place.held(tell, options.wait):
            target = _target(options, request, shard, share)
            with target.journal() as journal:
                _planned(target, Part.of(request, shard, share)).write(target)
                if journal.repaired:
                    tell(journal.repaired)
                _tell_of_others(machine, before, tell)
                left = overview(share.tasks, journal.keys)
                _tell_how_long(options, place, target, left, settings, tell)
                reported = until_reported.enter_context(_served(target, options.serve, tell))
                _know_ceilings(options, place)
                unmeasured = _measure(place, Measuring(target, journal, share, left, settings), options.as_json)
        written = write_report(target, listing=journal.listing)
        reported(written.page)
    _show(target, written, options.as_json)
    code = exit_code(written.totals) or (MachineError.exit_code if unmeasured else 0)
    if options.history is not None:
        said, of_history = keep(target.folder, options.history, written.totals.measured)
        tell(said)
        code = code or of_history
    return code


def _of_ceilings(options: SweepOptions) -> int:
    return options.threads[0] if len(options.threads) == 1 else 0


def _tell_how_long(
    options: SweepOptions, place: Place, target: Run, left: Left, settings: Settings, tell: Callable[[str], None]
) -> None:
    """Here, and to whoever watches the run."""
    first = options.with_ceilings and not ceilings.probably_known(place.device, _of_ceilings(options))
    said = expected(left, settings, ceilings.MOST_S if first else 0.0).shared(place.count)
    tell(str(said))
    begin(target, left.total, left.total - left.cases, said.total_s, time())


def _know_ceilings(options: SweepOptions, place: Place) -> None:
    """Measure the ceilings first where that was asked for."""
    if not options.with_ceilings:
        return
    with redirect_stdout(sys.stderr if options.as_json else sys.stdout):
        ceilings.known(
            place.device,
            _of_ceilings(options),
            again=False,
            output=None,
            results=options.results,
            quiet=True,
            as_json=False,
        )


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


def _request(options: SweepOptions, asked: Sweep, device: str) -> tuple[Request, Settings]:
    """What is asked, with the sweep's own budget and clock where the command line has none, and how to measure it."""
    name = operator_files.run_name(options.name)
    by, threads = with_threads(asked, name, options.by, options.threads)
    budget_s = asked.budget_s if options.budget_s is None else options.budget_s
    settings = replace(options.settings, threads=threads, budget_s=budget_s)
    clock = clock_for(device, options.clock or asked.clocks.get(device))
    return Request(options.name, device, clock, budget_s, settings.split, by), settings


def _target(options: SweepOptions, request: Request, shard: Shard, share: Share) -> Run:
    """A new run, or the newest of this shard. Raises UsageError where there is none, or it is of another cut."""
    if not options.resume:
        return runs.new_run(options.results, request.name)

    def is_of_shard(candidate: Run) -> bool:
        plan = plan_file.read(candidate)
        if plan is None:
            return shard.whole
        return not plan.merged and shard in [part.shard for part in plan.parts]

    found = runs.latest_run(options.results, request.name, is_of_shard)
    plan = plan_file.read(found)
    cuts = [(part.plan, part.cut) for part in plan.parts] if plan else []
    if not shard.whole and (share.digest, share.cut) not in cuts:
        raise UsageError(
            f"{found.folder} is shard {shard} of another cut: other axes, backends, budget or another opbench; give "
            "the options that it was started with, or start anew without --resume"
        )
    return found


def _planned(target: Run, part: Part) -> PlanFile:
    """A run of all may be gone on with for other axes: it is then of each plan that it was begun with."""
    before = plan_file.read(target)
    return PlanFile.of([*(before.parts if before else ()), part])


def exit_code(totals: Any) -> int:
    """1 where there is something to act on: a wrong or failed backend, an impossible figure, counts that differ.

    3 where the machine was too busy for some, and nothing else is wrong.
    """
    outcomes = totals.outcomes
    if outcomes["mismatch"] or outcomes["failed"] or totals.impossible.count or totals.differing.count:
        return 1
    return MachineError.exit_code if outcomes["contended"] else 0


def _tell_of_others(machine: Machine, before: Use | None, tell: Callable[[str], None]) -> None:
    """Say so where others use this machine, over a second since `before`."""
    if before is None or ignored():
        return
    sleep(max(0.0, WATCH_S - (machine.clock() - before.at_s)))
    if said := disturbance(before, machine.use(), len(machine.cpus)):
        who = ", ".join(machine.busiest()) or "many small processes"
        tell(f"this machine is busy: {said} ({who}); what that disturbs is measured again, and marked or left open")


def _measure(place: Place, asked: Measuring, as_json: bool) -> list[Task]:
    """The tasks that were left."""
    with reporter(silent=as_json) as shown:
        unmeasured = place.measure(replace(asked, reporter=shown))
        for note in _left_out(asked.share.plan, place.device):
            shown.note(note)
    return unmeasured


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
