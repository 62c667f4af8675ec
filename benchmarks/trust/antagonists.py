"""Bursty foreign load: processes that are idle for a while, then work, then stream memory, at times of their own.

    python -m benchmarks.trust.antagonists SECONDS    (to have them beside any other command)

Bursts and pauses last 0.02 to 3 s, log-uniformly, so that some fall within one slice of the gate and some over many
rounds. Two of them keep two cores about half busy.
"""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

SHORTEST_S, LONGEST_S = 0.02, 3.0
ARRAY_BYTES = 64 << 20


def disturb(seed: int) -> None:
    """Never returns."""
    import numpy as np

    draw = random.Random(seed)  # noqa: S311  (load, not a secret)
    array = np.zeros(ARRAY_BYTES // 8)
    while True:
        time.sleep(_length_s(draw))
        ends, streams = time.monotonic() + _length_s(draw), draw.random() < 0.5
        while time.monotonic() < ends:
            if streams:
                array += 1.0
            else:
                sum(range(20_000))


def _length_s(draw: random.Random) -> float:
    return float(SHORTEST_S * (LONGEST_S / SHORTEST_S) ** draw.random())


@contextmanager
def antagonists(count: int = 2) -> Iterator[None]:
    words = [sys.executable, "-m", "benchmarks.trust.antagonists", "--disturb"]
    started = [subprocess.Popen([*words, str(seed)]) for seed in range(count)]
    try:
        yield
    finally:
        for one in started:
            one.kill()
            one.wait()


if __name__ == "__main__":
    if sys.argv[1] == "--disturb":
        disturb(int(sys.argv[2]))
    with antagonists():
        time.sleep(float(sys.argv[1]))
