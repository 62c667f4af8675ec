"""Never returns."""

import threading

from torch import Tensor

from ..behaving import backend


def compute(x: Tensor, _: Tensor) -> Tensor:
    threading.Event().wait()
    return x


BACKEND = backend(lambda *_: compute)
