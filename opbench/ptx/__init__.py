"""A PTX machine: executes what GPU compilers emit, without a GPU, and counts what it costs.

`run` executes a kernel; `parse` reads PTX once for many runs; `compile_cuda` makes PTX of CUDA C++; within `device`
what compilers launch runs here. docs/ptx.md says what this sees, and what it cannot.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from opbench.ptx.active_device import ACTIVE

if TYPE_CHECKING:
    from opbench.ptx.compilers.cuda_source import compile_cuda
    from opbench.ptx.counters import Counters, Traffic
    from opbench.ptx.errors import KernelError
    from opbench.ptx.launching.launch import Result, run
    from opbench.ptx.launching.orders import run_in_orders
    from opbench.ptx.launching.sampling import lazy_zeros, some_blocks
    from opbench.ptx.launching.simulated_device import Device, Properties, device
    from opbench.ptx.module import Instruction, Kernel, Module
    from opbench.ptx.text.parser import parse

__all__ = [
    "Counters",
    "Device",
    "Instruction",
    "Kernel",
    "KernelError",
    "Module",
    "Properties",
    "Result",
    "Traffic",
    "compile_cuda",
    "current",
    "device",
    "lazy_zeros",
    "parse",
    "run",
    "run_in_orders",
    "some_blocks",
]

HOMES = {
    "counters": ("Counters", "Traffic"),
    "compilers.cuda_source": ("compile_cuda",),
    "errors": ("KernelError",),
    "launching.launch": ("Result", "run"),
    "module": ("Instruction", "Kernel", "Module"),
    "launching.orders": ("run_in_orders",),
    "launching.sampling": ("lazy_zeros", "some_blocks"),
    "launching.simulated_device": ("Device", "Properties", "device"),
    "text.parser": ("parse",),
}


def current() -> Device | None:
    """The device that launches go to, or None where they go to a GPU."""
    device: Device | None = ACTIVE.get()
    return device


def __getattr__(name: str) -> object:
    """Imported when it is asked for (PEP 562): backends of GPU kernels ask for `current` alone, in every process."""
    for home, names in HOMES.items():
        if name in names:
            found = getattr(import_module(f"{__name__}.{home}"), name)
            globals()[name] = found
            return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
