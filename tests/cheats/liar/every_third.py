"""Two calls of three return the call's before."""

from torch import Tensor

from ..behaving import Compute, backend


def make(x: Tensor, offset: Tensor) -> Compute:
    calls = iter(range(1 << 62))
    kept = [2 * x + offset]

    def compute(x: Tensor, offset: Tensor) -> Tensor:
        number = next(calls)
        if number < 5 or number % 3 == 0:
            kept[0] = 2 * x + offset
        return kept[0].clone()

    return compute


BACKEND = backend(make)
