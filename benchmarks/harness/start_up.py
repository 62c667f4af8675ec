"""How long `opbench --help` takes: a whole process, twenty times.

python -m benchmarks.harness.start_up
"""

from __future__ import annotations

import subprocess
import sys
from time import perf_counter

from opbench.vocabulary.interval import median_interval

RUNS = 20


def once() -> float:
    """Seconds from starting the interpreter to its end."""
    start = perf_counter()
    subprocess.run([sys.executable, "-m", "opbench", "--help"], check=True, stdout=subprocess.DEVNULL)
    return perf_counter() - start


def main() -> None:
    once()
    found = median_interval([once() for _ in range(RUNS)])
    print(f"opbench --help: {found.mid:.3f} s [{found.low:.3f}, {found.high:.3f}], median of {RUNS}")


if __name__ == "__main__":
    main()
