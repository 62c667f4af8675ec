"""What devices have, and which launches they refuse."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from opbench.errors import UsageError
from opbench.ptx.module import Kernel

WARP = 32
REGISTER_UNIT = 256
"""Registers that a warp gets at once."""
MOST_THREADS = 1024
"""Of a block, on every device (CUDA C++ Programming Guide, "Technical Specifications per Compute Capability")."""
MOST_STATIC = 48 << 10
"""Bytes of shared memory that a kernel may declare; more has to be dynamic (ptxas refuses it)."""
MOST_REGISTERS = 255
"""Of a thread."""


@dataclass(frozen=True, slots=True)
class Properties:
    """What a device has, per multiprocessor where nothing else is said (CUDA C++ Programming Guide, "Compute
    Capabilities"; `multiprocessors` of the largest product).

    registers: also of one block. block_shared_bytes: the shared memory, static and dynamic, that one block may have.
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


def properties_of(target: str) -> Properties:
    """Those of the device that PTX for `target`, such as "sm_90a", is for: of that number, else of the next newer one.

    PTX for what is newer than all that are known is held to the newest.
    """
    number = re.search(r"\d+", target)
    asked = int(number[0]) if number else 0
    newer = [each for name, each in KNOWN.items() if int(name.removeprefix("sm_")) >= asked]
    return newer[0] if newer else [*KNOWN.values()][-1]


def check_launch(
    kernel: Kernel, block: tuple[int, int, int], static: int, shared: int, registers: int, device: Properties
) -> None:
    """Raises UsageError where no block of this launch can be resident.

    static: bytes of shared memory that the kernel declares. shared: static and dynamic ones of a block.
    registers: of a thread in the kernel's binary; 0 where they are not known. `.maxnreg` is only a ceiling.
    """
    threads = math.prod(block)
    if static > MOST_STATIC:
        raise UsageError(
            f"{static} bytes of static shared memory; kernel {kernel.name} can declare up to {MOST_STATIC}: "
            "make more of it dynamic (shared=)"
        )
    if shared > device.block_shared_bytes:
        raise UsageError(
            f"{shared} bytes of shared memory ({static} static, {shared - static} dynamic); a block of kernel "
            f"{kernel.name} can have up to {device.block_shared_bytes} on {device.architecture}"
        )
    if not 0 <= registers <= MOST_REGISTERS:
        raise UsageError(f"registers={registers}: a thread has 1 to {MOST_REGISTERS}; 0 where they are not known")
    warps = -(-threads // WARP)
    taken = warps * (-(-registers * WARP // REGISTER_UNIT) * REGISTER_UNIT)
    if taken > device.registers:
        raise UsageError(
            f"block {block} of {threads} threads with {registers} registers each takes {taken}; a block on "
            f"{device.architecture} has {device.registers}: make it smaller, or compile for it (__launch_bounds__)"
        )
