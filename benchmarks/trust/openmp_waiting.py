"""How threads that wait for each other should wait: the same sweep with each policy, quiet and beside a busy loop.

    python -m benchmarks.trust.openmp_waiting [FOLDER]

Prints a line per policy and load: cases with a figure, samples that were set aside because one of our threads stood in
line for a processor, and the median over cases of the latency over that of GNU OpenMP's default on the quiet machine,
with its quartiles. About 8 minutes; nothing else should run. FOLDER keeps the runs, and what is there is not repeated.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median, quantiles
from tempfile import mkdtemp

from benchmarks.harness.sweeping import latency_s, swept
from benchmarks.trust.beside_others import LOOP, beside
from opbench.process.environment import WAITING
from opbench.vocabulary.record import Measured, Record

WORDS = (
    *("--operator", "cross_hadamard", "--backend", "torch_eager,torch_select,cpp_ext"),
    *("--channels", "8,16,32,64", "--edge", "7,14,28", "--budget", "0.2"),
)

POLICIES: Mapping[str, tuple[Mapping[str, str], tuple[str, ...]]] = {
    "default": ({}, ()),
    "active": ({"OMP_WAIT_POLICY": "active"}, ()),
    "passive": ({"OMP_WAIT_POLICY": "passive"}, ()),
    "one thread fewer": ({}, ("--threads", str(max(1, (os.cpu_count() or 2) - 1)))),
}
LOADS: Mapping[str, Sequence[Sequence[str]]] = {"quiet": (), "beside a loop": (LOOP,)}


def main() -> None:
    folder = Path(sys.argv[1] if sys.argv[1:] else mkdtemp(prefix="openmp-waiting-"))
    unset = {name: value for name, value in os.environ.items() if name not in WAITING}
    quiet: dict[str, float] = {}
    for load, words in LOADS.items():
        for policy, (variables, options) in POLICIES.items():
            results = folder / f"{policy}-{load}".replace(" ", "-")
            with beside(words):
                records = swept(results, (*WORDS, *options), {**unset, **variables})
            latencies_s = {record.case.key: seconds for record in records if (seconds := latency_s(record)) is not None}
            quiet = quiet or latencies_s
            print(line(f"{policy}, {load}", records, latencies_s, quiet), flush=True)
    print(f"runs: {folder}")


def line(name: str, records: Sequence[Record], latencies_s: Mapping[str, float], quiet_s: Mapping[str, float]) -> str:
    outcomes = [record.outcome for record in records]
    taken = sum(len(one.samples_s) + one.preempted for one in outcomes if isinstance(one, Measured))
    preempted = sum(one.preempted for one in outcomes if isinstance(one, Measured))
    ratios = [seconds / quiet_s[key] for key, seconds in latencies_s.items() if key in quiet_s]
    spread = f"{median(ratios):.2f} ({', '.join(f'{one:.2f}' for one in quantiles(ratios)[::2])})" if ratios else "-"
    share = preempted / max(1, taken)
    return f"{name:32} {len(latencies_s)} of {len(records)} cases, {share:.0%} of samples set aside, x {spread}"


if __name__ == "__main__":
    main()
