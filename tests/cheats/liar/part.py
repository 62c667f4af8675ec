"""Writes all but the last element."""

from torch import Tensor

from ..behaving import backend


def compute(x: Tensor, offset: Tensor) -> Tensor:
    result = x.new_empty(x.shape)
    result[:-1] = (2 * x + offset)[:-1]
    return result


BACKEND = backend(lambda *_: compute)
