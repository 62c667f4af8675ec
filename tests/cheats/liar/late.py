"""Honest while it is checked, raises once it is timed."""

from torch import Tensor

from ..behaving import Compute, backend


def make(*_: Tensor) -> Compute:
    calls = iter(range(1_000_000))

    def compute(x: Tensor, offset: Tensor) -> Tensor:
        if next(calls) > 3:
            raise RuntimeError("out of workspaces")
        return 2 * x + offset

    return compute


BACKEND = backend(make)
