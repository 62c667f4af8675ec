"""What `--isolate` changes: the same sweep with one process for all backends and with one for each, twice in turns.

    python -m benchmarks.trust.isolated [FOLDER]

Prints a line per run: seconds, and cases with a figure, without a mark; then how far the figures of each two runs are
apart, as quartiles over cases of the ratio of medians. About 5 minutes; nothing else should run.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from itertools import combinations
from pathlib import Path
from statistics import median, quantiles
from tempfile import mkdtemp

from benchmarks.harness.sweeping import latency_s, swept
from opbench.vocabulary.record import Measured

WORDS = (
    *("--operator", "cross_hadamard", "--backend", "torch_eager,torch_select,torch_compile,cpp_ext"),
    *("--channels", "8,16,32,64", "--edge", "7,14,28", "--budget", "0.2"),
)

RUNS: Mapping[str, tuple[str, ...]] = {
    "one process": (),
    "one a backend": ("--isolate",),
    "one process, again": (),
    "one a backend, again": ("--isolate",),
}


def main() -> None:
    folder = Path(sys.argv[1] if sys.argv[1:] else mkdtemp(prefix="isolated-"))
    latencies_s = {}
    for name, options in RUNS.items():
        began_s = time.monotonic()
        records = swept(folder / name.replace(", ", "-").replace(" ", "-"), (*WORDS, *options))
        quiet = sum(isinstance(one.outcome, Measured) and not one.outcome.contention for one in records)
        latencies_s[name] = {one.case.key: seconds for one in records if (seconds := latency_s(one)) is not None}
        took_s = time.monotonic() - began_s
        print(
            f"{name:24} {took_s:4.0f} s, {len(latencies_s[name])} of {len(records)} cases, {quiet} unmarked", flush=True
        )
    for one, other in combinations(RUNS, 2):
        print(f"{other} over {one}: {ratios(latencies_s[one], latencies_s[other])}")
    print(f"runs: {folder}")


def ratios(first_s: Mapping[str, float], second_s: Mapping[str, float]) -> str:
    both = [second_s[key] / first_s[key] for key in first_s.keys() & second_s.keys()]
    low, _, high = quantiles(both)
    return f"{median(both):.2f} ({low:.2f}, {high:.2f}; {min(both):.2f} to {max(both):.2f})"


if __name__ == "__main__":
    main()
