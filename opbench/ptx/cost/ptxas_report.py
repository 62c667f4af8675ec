"""What ptxas prints with `-v`, by kernel; nvcc, NVRTC and ptxas itself print the same lines."""

from __future__ import annotations

import re
from dataclasses import dataclass

ENTRY = re.compile(r"Compiling entry function '(\S+)'")
SPILLED = re.compile(r"(\d+) bytes spill stores")
USED = re.compile(r"Used (\d+) registers")
SHARED = re.compile(r"(\d+) bytes smem")


@dataclass(frozen=True)
class Used:
    """What one kernel takes of a GPU.

    registers: of a thread.
    spill_bytes: stored by a thread, its functions that were not inlined included.
    static_bytes: of shared memory that a block has without asking for it at the launch.
    """

    registers: int
    spill_bytes: int
    static_bytes: int


def used(report: str) -> dict[str, Used]:
    """By the kernels' mangled names, in the order compiled. A kernel without its line of registers is left out."""
    parts = ENTRY.split(report)[1:]
    usages = {name: _of(text) for name, text in zip(parts[::2], parts[1::2], strict=True)}
    return {name: usage for name, usage in usages.items() if usage is not None}


def _of(text: str) -> Used | None:
    registers = USED.search(text)
    if registers is None:
        return None
    shared = SHARED.search(text[registers.start() :])
    return Used(int(registers[1]), sum(map(int, SPILLED.findall(text))), int(shared[1]) if shared else 0)
