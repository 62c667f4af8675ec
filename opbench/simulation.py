"""Running GPU kernels without a GPU: one switch for every simulator, set before their libraries are imported.

Triton's interpreter and Numba's CUDA simulator are chosen by environment variables that they read once, at import.
A simulated kernel computes what the kernel computes, thousands of times slower: good for checking, never for timing.
"""

from __future__ import annotations

import os
import sys

from opbench.errors import UsageError

SWITCH = "OPBENCH_SIMULATE"
SWITCHES = {SWITCH: "1", "TRITON_INTERPRET": "1", "NUMBA_ENABLE_CUDASIM": "1"}

READ_AT_IMPORT = ("triton", "numba.cuda")


def switch_on() -> None:
    """From here on, in this process and those it starts, kernels for a GPU run simulated on CPU tensors.

    Raises UsageError when a library that reads its switch at import has been imported without it.
    """
    late = [name for name in READ_AT_IMPORT if name in sys.modules and not active()]
    if late:
        raise UsageError(f"{' and '.join(late)} is loaded already; set {SWITCH}=1 in the environment instead")
    os.environ.update(SWITCHES)


def active() -> bool:
    """Whether simulators stand in for the GPU. `OPBENCH_SIMULATE=1` from outside sets the other switches too."""
    if os.environ.get(SWITCH) != "1":
        return False
    for name, value in SWITCHES.items():
        os.environ.setdefault(name, value)
    return True
