"""How much slower a kernel of `gate_kernels` is with extra units: measured on its own, in turns, in one process.

    python -m benchmarks.gate.truth 3 5 10

One kernel, in one place of memory, alternates call by call between all of its units and those without the extra ones,
in random order within each pair, so that load, drift and placement fall on both alike; the figure is the median over
pairs of the logarithm of their ratio, then the median over processes. That is another experiment than the gate's, with
other processes, so the gate's answer can be held against it.
"""

from __future__ import annotations

import json
import math
import os
import random
import statistics
import subprocess
import sys
from time import perf_counter

from opbench.process.environment import pinned

PROCESSES = 7
SECONDS = 2.0
ONE_THREAD = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


def in_this_process(name: str, extra: int) -> float:
    """Time with `extra` more units over time without."""
    from benchmarks.gate.kernels.test_kernels import KERNELS, UNITS

    kernel = KERNELS[name](UNITS + extra)
    units = (UNITS, UNITS + extra)
    order = random.Random(extra)  # noqa: S311  (an order of turns, not a secret)
    logs = []
    ends = perf_counter() + SECONDS
    while perf_counter() < ends:
        spent = [0.0, 0.0]
        for which in order.choice([(0, 1), (1, 0)]):
            start = perf_counter()
            kernel(units[which])
            spent[which] = perf_counter() - start
        logs.append(math.log(spent[1] / spent[0]))
    return math.exp(statistics.median(logs))


def truth(name: str, extra: int) -> tuple[float, float, float]:
    """Least, median and largest ratio over PROCESSES processes."""
    words = [sys.executable, "-m", "benchmarks.gate.truth", "--one", name, str(extra)]
    found = []
    for _ in range(PROCESSES):
        run = subprocess.run(words, env=pinned(os.environ) | ONE_THREAD, capture_output=True, text=True, check=True)
        found.append(float(json.loads(run.stdout)))
    return min(found), statistics.median(found), max(found)


def main() -> None:
    from benchmarks.gate.kernels.test_kernels import KERNELS

    for name in sorted(KERNELS):
        for extra in map(int, sys.argv[1:]):
            low, middle, high = truth(name, extra)
            print(f"{name:16} {extra:3} extra units: {middle:.4f}x [{low:.4f}, {high:.4f}]", flush=True)


if __name__ == "__main__":
    if sys.argv[1] == "--one":
        print(json.dumps(in_this_process(sys.argv[2], int(sys.argv[3]))))
    else:
        main()
