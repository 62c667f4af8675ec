"""Kills its own process, as a crash in native code does."""

import os
import signal

from torch import Tensor

from ..behaving import backend


def compute(x: Tensor, _: Tensor) -> Tensor:
    os.kill(os.getpid(), signal.SIGKILL)
    return x


BACKEND = backend(lambda *_: compute)
