"""What the threads of this process can use of the caches, measured now and kept: one call, or one command.

    python -m impls.machine.caches

`opbench ceilings` does the same in a process of its own. Whoever only calls the operators need not: until it is
measured, `opbench.caches.known` goes by what the system tells.
"""

from __future__ import annotations

from dataclasses import replace

import torch

from impls.machine.cache_times import measured_once
from opbench.caches import CacheUse, keep
from opbench.caches.fitting import middle

TIMES = 3
"""Half a second each: a shared cache changes hands, and the middle of three is not what one moment says."""


def measure(times: int = TIMES) -> CacheUse:
    """Measure for as many threads as PyTorch has now, and keep it for this machine. Takes 0.7 s a time.

    The note says where it cannot be kept. Raises MachineError where there is no compiler for the loops.
    """
    use = middle(measured_once() for _ in range(times))
    return replace(use, note=keep(use, torch.get_num_threads()))


if __name__ == "__main__":
    print(measure())
