"""A device that is not there: launches made while it is active run on the PTX machine, and are kept with their cost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any

from opbench.errors import unknown
from opbench.ptx.active_device import ACTIVE
from opbench.ptx.compilers.numba_launcher import numba_active
from opbench.ptx.launch import Result, read, run
from opbench.ptx.module import Module
from opbench.ptx.targets import check_target


@dataclass(frozen=True, slots=True)
class Properties:
    """What a device has, per multiprocessor where nothing else is said (CUDA C++ Programming Guide, "Compute
    Capabilities"; `multiprocessors` of the largest product).

    block_shared_bytes: the dynamic shared memory that one block may ask for.
    """

    architecture: str
    multiprocessors: int
    threads: int
    blocks: int
    registers: int
    shared_bytes: int
    block_shared_bytes: int


KNOWN = {
    each.architecture: each
    for each in (
        Properties("sm_80", 108, 2048, 32, 65536, 164 << 10, 163 << 10),
        Properties("sm_86", 84, 1536, 16, 65536, 100 << 10, 99 << 10),
        Properties("sm_89", 128, 1536, 24, 65536, 100 << 10, 99 << 10),
        Properties("sm_90", 132, 2048, 32, 65536, 228 << 10, 227 << 10),
        Properties("sm_100", 148, 2048, 32, 65536, 228 << 10, 227 << 10),
    )
}


@dataclass(slots=True)
class Device:
    """The device of one `device(...)`.

    seed: of the order in which blocks run; None for the order of their numbers.
    results: of every launch so far, in order.
    """

    properties: Properties
    seed: int | None = None
    results: list[Result] = field(default_factory=list)

    def launch(
        self,
        ptx: str | Module,
        kernel: str | None,
        grid: int | Sequence[int],
        block: int | Sequence[int],
        arguments: Sequence[Any],
        *,
        shared: int = 0,
    ) -> Result:
        """`opbench.ptx.run` on this device; its result is kept.

        Raises what that raises, and UsageError for PTX of another architecture.
        """
        module = read(ptx)
        check_target(module.target, self.properties.architecture)
        result = run(module, kernel, grid, block, arguments, shared=shared, seed=self.seed)
        self.results.append(result)
        return result


@contextmanager
def device(architecture: str = "sm_90", *, seed: int | None = None) -> Iterator[Device]:
    """Inside, GPU kernels take CPU tensors and run on the PTX machine, compiled for the architecture.

    seed: of the order in which blocks run; None for the order of their numbers.
    Raises UsageError for no known architecture.
    """
    if architecture not in KNOWN:
        raise unknown("architecture", architecture, KNOWN)
    made = Device(KNOWN[architecture], seed)
    token = ACTIVE.set(made)
    try:
        with _triton(made), numba_active(architecture, made.launch):
            yield made
    finally:
        ACTIVE.reset(token)


def _triton(made: Device) -> AbstractContextManager[None]:
    """Triton asks its driver where to launch. It is imported here where it is installed (0.25 s): a kernel that imports
    it inside would find no device otherwise.
    """
    if find_spec("triton") is None:
        return nullcontext()
    from opbench.ptx.compilers.triton_driver import triton_active

    return triton_active(made)
