"""`opbench gate --base REF`: two checkouts with their environments, a dry run, the sequential test, the results."""

from __future__ import annotations

import random
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from opbench.errors import MachineError, UsageError
from opbench.gate.decision.matching import match_benchmarks
from opbench.gate.decision.sequential_test import SequentialTest
from opbench.gate.decision.verdict import Judgement, Verdict
from opbench.gate.decision.workers import InsufficientMemoryError
from opbench.gate.output.console import print_results
from opbench.gate.output.progress import RunProgress, progress_for
from opbench.gate.output.spent import spent_text
from opbench.gate.pool.collection_check import require_collected
from opbench.gate.pool.dry_run import DryRun, dry_run
from opbench.gate.pool.fork_client import ServerAhead
from opbench.gate.pool.launch import LaunchConfig
from opbench.gate.pool.live_workers import LiveWorkerFactory
from opbench.gate.runs.artifacts import LiveRun, new_folder, write_artifacts
from opbench.gate.runs.options import GateOptions
from opbench.gate.samples import SIDES, Side
from opbench.gate.source.environments import Checkout, prepare
from opbench.gate.source.worktrees import Revisions, checked_out, remove_worktrees, repository_folder, resolve
from opbench.gate.stats.rule import Rule
from opbench.store.lock import WAIT_S, exclusive, measuring

Compare = Callable[[Revisions, GateOptions, Rule, RunProgress], LiveRun]
"""Both commits measured in turns and judged. Raises as `prepared_checkouts` and `judge`."""


def compare_tests(revisions: Revisions, options: GateOptions, rule: Rule, progress: RunProgress) -> LiveRun:
    """On the tests of `options.paths` that use the fixture `benchmark`."""
    with prepared_checkouts(revisions, options.install, progress, options.wait) as checkouts:
        launch = options.launch_config(revisions.root)
        return judge(checkouts, launch, rule, secrets.randbits(32), progress, options.wait)


def gate_revisions(
    options: GateOptions, rule: Rule, allowed: frozenset[Verdict], compare: Compare = compare_tests
) -> tuple[LiveRun, Path]:
    """The run, printed, and the folder of its files."""
    assert options.base is not None
    revisions = resolve(options.base, options.head, Path.cwd())
    with progress_for(options.as_json) as progress:
        if revisions.note:
            progress.note(revisions.note)
        run = compare(revisions, options, rule, progress)
    print_results(run.judgements, allowed, run.rule, options.as_json, progress.phases.so_far())
    folder = new_folder(options.results, "gate")
    with progress.phases.phase("files"):
        write_artifacts(run, {"base": revisions.base, "head": revisions.head}, folder, allowed)
    progress.note(f"where the time went: {spent_text(progress.phases.so_far())}")
    progress.note(f"report: {folder / 'summary.md'}")
    return run, folder


@contextmanager
def prepared_checkouts(
    revisions: Revisions, install: str | None, progress: RunProgress, wait: bool = True
) -> Iterator[dict[Side, Checkout]]:
    """Base and head checked out, each with its environment; all undone on leaving.

    Raises MachineError where another gates this repository and it is not to `wait`, or has waited long.
    """
    folder = repository_folder(revisions.root)
    lock, doing = f"repository-{folder.name}", "gating this repository"
    with exclusive(lock, progress.note, doing=doing, wait_s=WAIT_S if wait else 0.0), ExitStack() as stack:
        with progress.phases.phase("checkouts", len(SIDES)):
            checkouts = prepare(stack.enter_context(checked_out(revisions, folder)), install, folder, progress.note)
        yield checkouts


def remove_leftovers(root: Path, tell: Callable[[str], None]) -> None:
    """Worktrees that a killed run left of this repository; where somebody gates it now, these are in use."""
    folder = repository_folder(root)
    with suppress(MachineError), exclusive(f"repository-{folder.name}", tell, wait_s=0.0):
        remove_worktrees(root, folder)


def judge(
    checkouts: Mapping[Side, Checkout],
    launch: LaunchConfig,
    rule: Rule,
    seed: int,
    progress: RunProgress,
    wait: bool = True,
) -> LiveRun:
    """Run both sides dry, then hold head against base on every benchmark that both can run; nobody else measures.

    Raises UsageError where a side has no benchmarks at all, MachineError where its tests cannot be collected or no
    workers fit into memory.
    """
    with (
        measuring(launch.device, progress.note, wait),
        TemporaryDirectory(prefix="opbench-gate-run-") as folder,
        ServerAhead(checkouts, replace(launch, shared_folder=Path(folder))) as ahead,
    ):
        launch = ahead.launch
        progress.step("dry run: one worker a side runs every benchmark once")
        with progress.phases.phase("dry run", len(checkouts)):
            dry_runs = dry_run(checkouts, launch, ahead.imports)
        _require_usable(dry_runs)
        base, head = dry_runs["base"], dry_runs["head"]
        names, unmatched = match_benchmarks(base.benchmarks, head.benchmarks)
        failed = {name: judgement for name in names if (judgement := _failure(name, dry_runs))}
        progress.start(len(names) + len(unmatched))
        for judgement in (*unmatched, *failed.values()):
            progress.judged(judgement)
        worker_bytes = max(base.memory_bytes, head.memory_bytes)
        preload = [name for name in base.preloadable if name in head.preloadable]
        draw = random.Random(seed)  # noqa: S311  (an order of turns, not a secret)
        factory = LiveWorkerFactory(checkouts, launch, worker_bytes, draw, progress.step, preload)
        factory.ahead, factory.phases = ahead, progress.phases
        try:
            rule = factory.within_memory(rule)
            test = SequentialTest(factory.start, rule, progress.judged)
            with progress.phases.phase("deciding"):
                judgements = test.run([name for name in names if name not in failed])
        except InsufficientMemoryError as exc:
            raise MachineError(
                f"no memory for the workers: {exc}; close other programs, or name fewer benchmarks"
            ) from exc
    return LiveRun([*unmatched, *failed.values(), *judgements], factory.samples, dry_runs, rule)


def _require_usable(dry_runs: Mapping[Side, DryRun]) -> None:
    for side in SIDES:
        require_collected(side, dry_runs[side])
        if foreign := dry_runs[side].foreign_modules:
            raise UsageError(
                f"{side} does not run its own code: it imported {foreign[0]} from outside its checkout; "
                "give --install so that each side gets an environment of its own"
            )


def _failure(name: str, dry_runs: Mapping[Side, DryRun]) -> Judgement | None:
    """A judgement where a side could not run the benchmark dry."""
    for side in SIDES:
        failure = dry_runs[side].failures.get(name)
        if failure is not None:
            return Judgement(name, failure.verdict, f"{side}: {failure.reason}")
    return None
