"""A PTX machine: executes what GPU compilers emit, without a GPU, and counts what it costs.

`run` executes a kernel; `parse` reads PTX once for many runs; `compile_cuda` makes PTX of CUDA C++; within `device`
what compilers launch runs here. docs/ptx.md says what this sees, and what it cannot.
"""

from opbench.ptx.counters import Counters, Traffic
from opbench.ptx.cuda_source import compile_cuda
from opbench.ptx.errors import KernelError
from opbench.ptx.launch import Result, run
from opbench.ptx.module import Instruction, Kernel, Module
from opbench.ptx.orders import run_in_orders
from opbench.ptx.simulated_device import Device, Properties, current, device
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
    "parse",
    "run",
    "run_in_orders",
]
