"""Does the harness agree with itself? One backend listed twice in one run: how often do the intervals overlap?

python -m benchmarks.trust.same_backend_twice                                (measures 100 points, about 3 minutes)
python -m benchmarks.trust.same_backend_twice results/channels/RUN           (sums up an earlier run)
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from opbench.store.runs import Run, latest_run
from opbench.vocabulary.interval import Interval, median_interval
from opbench.vocabulary.record import Measured

CHANNELS = ",".join(map(str, range(3, 53, 2)))


def measure() -> Run:
    """25 channel counts x 4 edges, cpp_ext twice at each."""
    axes = ("--operator", "cross_hadamard", "--channels", CHANNELS, "--edge", "7,14,28,56")
    command = (sys.executable, "-m", "opbench", "sweep", "channels", "--device", "cpu", *axes)
    subprocess.run([*command, "--backend", "cpp_ext,cpp_ext"], check=True, stdout=subprocess.DEVNULL)
    return latest_run(Path("results"), "channels")


def main() -> None:
    run = Run(Path(sys.argv[1])) if sys.argv[1:] else measure()
    points: dict[str, list[Interval]] = {}
    for record in run.records():
        if isinstance(record.outcome, Measured):
            found = median_interval(record.outcome.samples_s)
            points.setdefault(f"{record.case.point.key}/{record.case.backend}", []).append(found)
    pairs = [pair for pair in points.values() if len(pair) == 2]
    overlapping = sum(one.overlaps(other) for one, other in pairs)
    ratios = sorted(abs(one.mid / other.mid - 1) for one, other in pairs)
    print(f"{overlapping} of {len(pairs)} pairs of 95 % intervals overlap")
    if ratios:
        middle, ninth = ratios[len(ratios) // 2], ratios[len(ratios) * 9 // 10]
        print(f"medians of the two differ by {middle:.2%} (median over points), {ninth:.2%} (90th percentile)")


if __name__ == "__main__":
    main()
