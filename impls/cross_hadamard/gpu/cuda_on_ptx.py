"""The CUDA C++ kernels on a device of `opbench.ptx`: the PTX of the very instance, launched as planned.

Two compilers emit it, NVRTC for `cupy_raw` and nvcc for `cpp_ext`; which one is asked is a matter of who calls.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias

from impls.cross_hadamard.gpu import nvrtc
from impls.cross_hadamard.gpu.launch_plan import Device, Plan

if TYPE_CHECKING:
    from torch import Tensor

    from opbench import ptx

    Argument: TypeAlias = Tensor | int | None
    """A tensor's address, a 64-bit number, or a null pointer."""

Compiler: TypeAlias = Callable[[str, str], str]
"""(template instance, compute capability without its dot) -> PTX with that one kernel."""

_COMPILER: ContextVar[Compiler] = ContextVar("ptx_compiler", default=nvrtc.ptx_of)


@contextmanager
def compiled_by(compiler: Compiler) -> Iterator[None]:
    """Inside, launches take this compiler's PTX; NVRTC's outside."""
    token = _COMPILER.set(compiler)
    try:
        yield
    finally:
        _COMPILER.reset(token)


def device_of(simulated: ptx.Device) -> Device:
    """What the launch plans need of it."""
    return Device(simulated.properties.multiprocessors, simulated.properties.block_shared_bytes)


def launch(simulated: ptx.Device, plan: Plan, instance: str, arguments: tuple[Argument, ...]) -> None:
    """Raises MachineError where the compiler is missing, KernelError for what a thread must not do."""
    text = _ptx_of(_COMPILER.get(), instance, simulated.properties.architecture.removeprefix("sm_"))
    given = [0 if each is None else each for each in arguments]
    simulated.launch(text, None, plan.grid, plan.block, given, shared=plan.shared)


@lru_cache(maxsize=1024)
def _ptx_of(compiler: Compiler, instance: str, architecture: str) -> str:
    """The same text object for every launch, so that it is parsed and translated once."""
    return compiler(instance, architecture)
