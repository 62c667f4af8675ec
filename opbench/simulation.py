"""Running GPU kernels without a GPU: one switch for every simulator, set before their libraries are imported.

Two ways. `source`: Triton's interpreter, Numba's CUDA simulator and the CUDA C++ compiled for the host run the source;
the first two are chosen by environment variables that they read once, at import. `ptx`: what the compilers emit for a
GPU is executed by `opbench.ptx`. A simulated kernel computes what the kernel computes, thousands of times slower: good
for checking, never for timing.
"""

from __future__ import annotations

import os
import sys

from opbench.errors import UsageError, unknown

SWITCH = "OPBENCH_SIMULATE"
SWITCHES = {SWITCH: "1", "TRITON_INTERPRET": "1", "NUMBA_ENABLE_CUDASIM": "1"}
SOURCE, PTX = "source", "ptx"
WAYS = SOURCE, PTX

READ_AT_IMPORT = {"triton": "TRITON_INTERPRET", "numba.cuda": "NUMBA_ENABLE_CUDASIM"}


def switch_on(way: str = SOURCE) -> None:
    """From here on, in this process and those it starts, kernels for a GPU run simulated on CPU tensors.

    way: `source` or `ptx`.
    Raises UsageError when a library that reads its switch at import has been imported with the other setting.
    """
    if way not in WAYS:
        raise unknown("way to simulate", way, WAYS)
    value = "1" if way == SOURCE else PTX
    late = [name for name, switch in READ_AT_IMPORT.items() if name in sys.modules and _differs(way, switch)]
    if late and os.environ.get(SWITCH) != value:
        raise UsageError(f"{' and '.join(late)} is loaded already; set {SWITCH}={value} in the environment instead")
    os.environ[SWITCH] = value
    if way == PTX:
        os.environ.setdefault("TRITON_DEFAULT_FP_FUSION", "1")  # its default, of which Triton 3.9 warns that it changes
    active()


def _differs(way: str, switch: str) -> bool:
    """Whether a library read another setting at import than the way needs: compiling is what it does unasked."""
    return way == SOURCE or os.environ.get(switch, "0") not in {"", "0"}


def active() -> bool:
    """Whether simulators stand in for the GPU. `OPBENCH_SIMULATE` from outside sets the other switches too."""
    if os.environ.get(SWITCH) not in {"1", PTX}:
        return False
    for name, value in SWITCHES.items():
        if not on_ptx():
            os.environ.setdefault(name, value)
        elif name != SWITCH:
            os.environ.pop(name, None)
    return True


def on_ptx() -> bool:
    """Whether it is the compilers' PTX that runs."""
    return os.environ.get(SWITCH) == PTX
