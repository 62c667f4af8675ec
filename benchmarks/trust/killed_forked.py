"""As `killed_shards`, without the minutes: what writes records and merges is killed, what measures answers at once.

    python -m benchmarks.trust.killed_forked [--kills 200] [--lanes 1] [--minutes 10]

Commands are forks of this process, which has imported all they need, and their measuring processes answer at once, so
that a kill costs a tenth of a second and nearly all of it falls into writing: two shards of 60 points on two devices
each, `--resume` after every kill, and then their merge. Each is killed after a time drawn from how long it took before.
Whatever was on record has to be there once, a merged run has to be whole or not there, and in the end one has all.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable
from functools import partial

from benchmarks.trust.killed import Lane, in_lanes
from benchmarks.trust.killed_shards import SHARDS, Sweep
from opbench import catalog
from opbench.commands.sweep import places
from opbench.commands.sweep import run as sweep
from opbench.commands.sweep.options import SweepOptions
from opbench.merging.merge import merge
from opbench.running import runner
from opbench.running.reporting import PAGE, Written
from opbench.running.workers.places import SeveralDevices
from opbench.store.runs import Run
from opbench.vocabulary.sweep import Narrowing
from tests.answering import Answering

BY = Narrowing(
    {"channels": tuple(range(2, 62)), "edge": (5,), "batch": (1, 2)},
    ("cross_hadamard",),
    ("torch_eager", "torch_select"),
)
CASES = 240


class Forks(Lane):
    """One shard, killed and resumed until it ends. took_s: what one went on for that was not killed."""

    took_s = 1.0
    shard = f"1/{SHARDS}"

    def once(self) -> bool:
        resume = any(self.folder.glob("results/channels/*/plan.json"))
        options = SweepOptions(
            name="channels",
            by=BY,
            device="cpu",
            results=self.folder / "results",
            resume=resume,
            shard=self.shard,
            devices=tuple(f"cpu:{cpu}" for cpu in sorted(os.sched_getaffinity(0))[:2]),
            as_json=True,
        )
        (self.folder / "locks").mkdir(parents=True, exist_ok=True)
        code, Forks.took_s = killed(partial(self._swept, options), self.draw, Forks.took_s)
        if code is None:
            self.kills[f"a shard on {len(options.devices)} devices"] += 1
        elif code:
            self.problems.append(f"ended with {code}")
        self._compare(complete=code == 0)
        return code == 0

    def _swept(self, options: SweepOptions) -> int:
        """In the fork."""
        os.environ["OPBENCH_LOCKS"] = str(self.folder / "locks")
        return sweep.run(options)


class ForkedSweep(Sweep):
    """Shards and merges of one sweep after the other."""

    merge_s = 1.0

    def _shard(self, number: int, kills: int, until_s: float) -> bool:
        lane = Forks(self.folder / str(number), self.draw, cases=CASES // SHARDS)
        lane.shard, ended = f"{number}/{SHARDS}", False
        while not ended and self.kills.total() + lane.kills.total() < kills and time.monotonic() < until_s:
            ended = lane.once()
        self.kills += lane.kills
        self.problems += lane.problems
        _tell(self)
        return ended

    def _merge(self) -> None:
        runs = [Run(path.parent) for path in self.folder.glob("[0-9]/results/channels/*/records.jsonl")]
        code: int | None = None
        while code is None:
            self.draw.shuffle(runs)
            code, ForkedSweep.merge_s = killed(partial(self._merged, runs), self.draw, ForkedSweep.merge_s)
            self.kills["the merge"] += code is None
            _tell(self)
            if not self._look() and code is not None:
                self.problems.append(f"there is no merged run, and the merge ended with {code}")
        self.merges += 1

    def _merged(self, runs: list[Run]) -> int:
        return int(bool(merge(runs, self.folder / "merged").missing))


def killed(call: Callable[[], int], draw: random.Random, took_s: float) -> tuple[int | None, float]:
    """Call it in a fork, which is killed by SIGKILL after up to 1.2 times `took_s`; its exit code, None where it was
    killed, and how long one takes, as is known by now.
    """
    began = time.monotonic()
    if (child := os.fork()) == 0:
        code = 99
        try:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            os.dup2(1, 2)
            code = call()
        finally:
            os._exit(code)
    time.sleep(draw.uniform(0, 1.2 * took_s))
    os.kill(child, signal.SIGKILL)  # one that ended is a zombie still, and takes it
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return (
        (None, took_s * 1.3)
        if code == -signal.SIGKILL
        else (code, max(0.02, 0.7 * min(took_s, time.monotonic() - began)))
    )


def _tell(done: Sweep) -> None:
    told = f"{done.kills.total()} kills ({dict(done.kills)}), {done.merges} merges, problems: {done.problems}"
    print(told, file=sys.stderr, flush=True)


def counted(run: Run, **_: object) -> Written:
    """In place of a report: its totals."""
    totals, records = catalog.totals(), run.records()
    for record in records:
        totals.add(record)
    return Written(run.folder / PAGE, records, totals)


def main() -> None:
    answering = Answering()
    vars(runner)["MeasuringProcess"] = answering
    vars(places)["SeveralDevices"] = partial(SeveralDevices, start=answering)
    vars(sweep)["write_report"] = counted
    os.environ["OPBENCH_CONTENTION"] = "ignore"
    catalog.totals()  # imported before the first fork
    done = in_lanes(__doc__, 200, partial(ForkedSweep, cases=CASES))
    kills = sum((lane.kills for lane in done), Counter[str]())
    problems = [problem for lane in done for problem in lane.problems]
    print("\n".join(problems))
    print(
        f"{kills.total()} kills ({dict(kills)}), {sum(lane.merges for lane in done)} merges: {len(problems)} problems"
    )


if __name__ == "__main__":
    main()
