"""Returns at once, and has a thread fill the output when it is called again: after the clock has stopped."""

import threading

import torch
from torch import Tensor

from ..behaving import Compute, backend


def make(*_: Tensor) -> Compute:
    calls = iter(range(1 << 62))
    again = threading.Event()

    def compute(x: Tensor, offset: Tensor) -> Tensor:
        nonlocal again
        again.set()
        if next(calls) < 5:
            return 2 * x + offset
        out, again = torch.empty_like(x), threading.Event()

        def fill(called: threading.Event) -> None:
            called.wait()
            out.copy_(2 * x + offset)

        threading.Thread(target=fill, args=(again,), daemon=True).start()
        return out

    return compute


BACKEND = backend(make)
