"""Shards on two devices each, and their merge, killed at random: is anything lost, doubled, or half a run?

    python -m benchmarks.trust.killed_shards [--kills 200] [--lanes 2] [--minutes 60]

Each of two shards is started, killed and resumed until it has ended, by the rules of `benchmarks.trust.killed`; its
points are spread over two devices, processors of their own, so that two measuring processes are at work when it is
killed. Then they are merged, and the merge is killed after a drawn time too: whatever run is there afterwards has to be
whole. In the end one merge comes to its end and has to have every case of the sweep once. Then all begins anew.
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from benchmarks.trust.killed import Lane, in_lanes
from opbench.store.record_file import RecordFile

CASES = 36
WORDS = (
    *("sweep", "channels", "--operator", "cross_hadamard", "--backend", "torch_eager,torch_select"),
    *("--channels", "8,16,24,32,48,64", "--edge", "7", "--batch", "1,2,3", "--budget", "0.05"),
)
SHARDS = 2
MERGE_S = 6.0
"""A merge of these takes 4 s on a quiet machine, most of it imports and the report."""


@dataclass
class Sweep:
    """One sweep after the other, in shards below a folder."""

    folder: Path
    draw: random.Random
    kills: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)
    merges: int = 0
    cases: int = CASES

    def run(self, kills: int, until_s: float) -> Self:
        while self.kills.total() < kills and time.monotonic() < until_s:
            shutil.rmtree(self.folder, ignore_errors=True)
            done = all(self._shard(number, kills, until_s) for number in range(1, SHARDS + 1))
            if done:
                self._merge()
        return self

    def _shard(self, number: int, kills: int, until_s: float) -> bool:
        """Whether it came to its end."""
        cpus = sorted(os.sched_getaffinity(0))
        devices = f"cpu:{cpus[0]},cpu:{cpus[-1]}"
        words = (*WORDS, "--shard", f"{number}/{SHARDS}", "--devices", devices)
        lane = Lane(self.folder / str(number), self.draw, words, CASES // SHARDS)
        ended = False
        while not ended and self.kills.total() + lane.kills.total() < kills and time.monotonic() < until_s:
            ended = lane.once()
        self.kills += lane.kills
        self.problems += lane.problems
        return ended

    def _merge(self) -> None:
        while self.draw.random() < 0.75:
            merge = self._merging()
            time.sleep(self.draw.uniform(0, MERGE_S))
            early = merge.poll() is None
            merge.kill()
            merge.wait()
            self.kills["the merge" if early else "the merge, which had ended"] += early
            self._look()
        if code := self._merging().wait():
            self.problems.append(f"the merge ended with {code}")
        self.merges += 1
        if not self._look():
            self.problems.append("there is no merged run")

    def _merging(self) -> subprocess.Popen[bytes]:
        runs = [str(path.parent) for path in self.folder.glob("[0-9]/results/channels/*/records.jsonl")]
        self.draw.shuffle(runs)
        words = [sys.executable, "-m", "opbench", "merge", *runs, "--results", str(self.folder / "merged")]
        return subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def _look(self) -> int:
        """How many merged runs there are, each of which has to be the same whole."""
        files = list(self.folder.glob("merged/channels/*/records.jsonl"))
        for file in files:
            keys = [record.case.key for record in RecordFile.listed(file)]
            if len(keys) != self.cases or len(set(keys)) != self.cases:
                self.problems.append(f"{len(set(keys))} of {self.cases} cases in {len(keys)} records of a merged run")
        if len({file.read_bytes() for file in files}) > 1:
            self.problems.append("two merges of the same shards differ")
        return len(files)


def main() -> None:
    done = in_lanes(__doc__, 200, Sweep)
    kills = sum((lane.kills for lane in done), Counter[str]())
    problems = [problem for lane in done for problem in lane.problems]
    merges = sum(lane.merges for lane in done)
    print("\n".join(problems))
    print(f"{kills.total()} kills ({dict(kills)}), {merges} merges came to their end: {len(problems)} problems")


if __name__ == "__main__":
    main()
