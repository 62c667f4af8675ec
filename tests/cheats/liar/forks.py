"""Dies, and leaves a child behind that holds every file it had open."""

import os
import signal

from torch import Tensor

from ..behaving import backend


def compute(x: Tensor, _: Tensor) -> Tensor:
    if os.fork() == 0:
        signal.pause()
    os.kill(os.getpid(), signal.SIGKILL)
    return x


BACKEND = backend(lambda *_: compute)
