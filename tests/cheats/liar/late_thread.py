"""Returns at once, and has a thread fill the output after the clock has stopped."""

import threading
import time

import torch
from torch import Tensor

from ..behaving import Compute, backend


def make(*_: Tensor) -> Compute:
    calls = iter(range(1 << 62))

    def compute(x: Tensor, offset: Tensor) -> Tensor:
        if next(calls) < 5:
            return 2 * x + offset
        out = torch.empty_like(x)

        def fill() -> None:
            time.sleep(1e-4)
            out.copy_(2 * x + offset)

        threading.Thread(target=fill).start()
        return out

    return compute


BACKEND = backend(make)
