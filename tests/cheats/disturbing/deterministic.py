"""Has PyTorch take its deterministic algorithms, in a timed call."""

import torch
from torch import Tensor

from ..behaving import Compute, backend


def make(*_: Tensor) -> Compute:
    calls = iter(range(1 << 62))

    def compute(x: Tensor, offset: Tensor) -> Tensor:
        if next(calls) == 7:
            torch.use_deterministic_algorithms(True)
        return 2 * x + offset

    return compute


BACKEND = backend(make)
