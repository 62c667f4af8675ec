"""Takes all processors but one from its process, in a timed call."""

import os

from torch import Tensor

from ..behaving import Compute, backend


def make(*_: Tensor) -> Compute:
    calls = iter(range(1 << 62))

    def compute(x: Tensor, offset: Tensor) -> Tensor:
        if next(calls) == 7:
            os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
        return 2 * x + offset

    return compute


BACKEND = backend(make)
