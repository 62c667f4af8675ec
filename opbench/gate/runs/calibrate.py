"""`opbench gate --calibrate`: record this machine's workers, replay the gate on them, print its rates."""

from __future__ import annotations

import json
import random
import secrets
import sys
from dataclasses import asdict
from pathlib import Path

from opbench.cli.progress import Notes, short_time
from opbench.errors import MachineError, UsageError
from opbench.gate.benchmark import common_prefix
from opbench.gate.decision.workers import InsufficientMemoryError
from opbench.gate.files.recording import Recording, record
from opbench.gate.output.progress import Counter
from opbench.gate.pool.collection_check import require_collected
from opbench.gate.pool.dry_run import dry_run
from opbench.gate.pool.live_workers import LiveWorkerFactory
from opbench.gate.runs.calibration import ROUNDS, BenchmarkCalibration, Calibration, replay_gate, workers_needed
from opbench.gate.runs.options import GateOptions
from opbench.gate.samples import Side
from opbench.gate.source.environments import Checkout
from opbench.gate.stats.rule import Rule
from opbench.store.lock import measuring

SETTLING = 6
"""Rounds after starting that are not kept. 44 fresh workers took 347 us for a benchmark, in each of six rounds, and 74
us ever after, without a page fault; 16, as the gate starts, took 74 us from the first on (2-core EPYC 9004 VM)."""


def calibrate(options: GateOptions, rule: Rule) -> int:
    """The benchmarks of the working tree as it is, on both sides. Always 0: it is a measurement, not a verdict."""
    if options.suites < 1:
        raise UsageError(f"--suites {options.suites}: at least one run has to be replayed, 1000 bound a rate of 0.3 %")
    with measuring(options.device, Notes(sys.stderr).note, options.wait):
        recordings = _record(options, rule)
    count = Counter(options.suites, options.as_json, "replaying")
    calibration = replay_gate(recordings, rule, options.suites, secrets.randbits(32), count)
    if options.as_json:
        print(json.dumps(asdict(calibration) | {"upper_bound": calibration.upper_bound}))
    else:
        print("\n".join(table_lines(calibration, rule)))
    return 0


def _record(options: GateOptions, rule: Rule) -> list[Recording]:
    tree = Path.cwd()
    checkout = Checkout(Path(sys.executable), tree)
    checkouts: dict[Side, Checkout] = {"base": checkout, "head": checkout}
    launch = options.launch_config(tree)
    result = dry_run(checkouts, launch)["head"]
    require_collected("the working tree", result)
    for name, failure in result.failures.items():
        raise UsageError(f"{name} cannot be calibrated: {failure.reason}")
    draw = random.Random()  # noqa: S311
    factory = LiveWorkerFactory(checkouts, launch, result.memory_bytes, draw, lambda _: None, result.preloadable)
    per_side = workers_needed(rule)
    recordings: list[Recording] = []
    count = Counter(len(result.benchmarks), options.as_json, f"recording {per_side} + {per_side} workers")
    try:
        with factory.start(per_side, "calibrate") as workers:
            workers.pool.measure(result.benchmarks[0].id, SETTLING, "screen")  # thrown away
            for benchmark in result.benchmarks:
                samples = workers.pool.measure(benchmark.id, ROUNDS, "screen")
                lengths_s = [turn.calls * sum(turn.samples_s) for turn in samples.slices]
                about = {"slice_s": sum(lengths_s) / len(lengths_s)}
                recordings.append(record(samples, 0, about, same_code=True))
                count()
    except InsufficientMemoryError as exc:
        raise MachineError(f"no memory to record {per_side} + {per_side} workers: {exc}") from exc
    return recordings


def table_lines(calibration: Calibration, rule: Rule) -> list[str]:
    """The table a person reads."""
    prefix = common_prefix([line.benchmark for line in calibration.lines])
    names = [line.benchmark.removeprefix(prefix) for line in calibration.lines]
    width = max(map(len, names))
    recorded = 2 * workers_needed(rule)
    bound, inconclusive = 100 * calibration.upper_bound, 100 * calibration.inconclusive / calibration.suites
    of_runs = f"of {calibration.suites} runs"
    heading = (
        f"same code on both sides, {calibration.suites} runs of {len(names)} benchmarks replayed from {recorded} "
        f"recorded workers, tolerance {100 * rule.tolerance:g} %"
    )
    seconds = sum(line.seconds for line in calibration.lines)
    return [
        heading,
        f"false alarms: {calibration.alarms} {of_runs}, under {bound:.2g} % with 95 % confidence",
        f"inconclusive: {calibration.inconclusive} {of_runs} ({inconclusive:.2g} %) had a benchmark that stayed open",
        "",
        f"{'benchmark':{width}}  {'one call':>9}  {'spread':>7}  {'detects':>8}  {'open':>6}  {'seconds':>7}",
        *(_row(name.ljust(width), line) for name, line in zip(names, calibration.lines, strict=True)),
        "",
        f"a run of the gate spends {seconds:.0f} s in slices here, besides starting its workers",
        "spread: standard deviation between workers; detects: slowdown confirmed nine times in ten",
        "open: share of the runs that left it inconclusive; seconds: of slices in a run, on average",
    ]


def _row(name: str, line: BenchmarkCalibration) -> str:
    numbers = f"{short_time(line.call_s):>9}  {100 * line.spread:5.2f} %  {100 * line.detectable:6.1f} %  "
    modes = f"  {line.modes}" if line.modes else ""
    return f"{name}  {numbers}{100 * line.inconclusive:4.1f} %  {line.seconds:7.2f}{modes}"
