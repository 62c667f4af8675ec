"""Writes text to every pipe it finds, its process's answers among them."""

import os
import stat
from contextlib import suppress

from torch import Tensor

from ..behaving import Compute, backend


def make(*_: Tensor) -> Compute:
    def compute(x: Tensor, offset: Tensor) -> Tensor:
        for descriptor in range(3, 256):
            with suppress(OSError):
                if stat.S_ISFIFO(os.fstat(descriptor).st_mode):
                    os.write(descriptor, b"warming up ...\n")
        return 2 * x + offset

    return compute


BACKEND = backend(make)
