"""Computes right, always into the same memory, which it returns although fresh memory is asked for."""

import torch
from torch import Tensor

from ..behaving import Compute, backend


def make(x: Tensor, _: Tensor) -> Compute:
    buffer = torch.empty_like(x)
    return lambda x, offset: torch.add(torch.mul(x, 2, out=buffer), offset, out=buffer)


BACKEND = backend(make)
