"""The levels of memory that the measuring threads have, and the working sets to measure them with."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

from opbench.ceilings.ceiling import Level

CACHES = Path("/sys/devices/system/cpu/cpu0/cache")
DRAM = Level("DRAM", math.inf)
FAR = 4
"""Times the last cache, for DRAM: of a working set gone over in turns little is found there again."""

WIDE = 16
"""Levels further apart than this are measured in between as well."""


def levels(environment: Mapping[str, Any], caches: Path = CACHES) -> tuple[Level, ...]:
    """Caches as the system tells them, smallest first, those of a core counted once a thread; then DRAM.

    On a GPU its L2. A machine that does not tell its caches has DRAM only.
    """
    if environment["device"] == "cuda":
        return Level("L2", environment["l2_bytes"]), DRAM
    found = [_level(folder, environment["threads"]) for folder in sorted(caches.glob("index*"))]
    return *(level for level in found if level is not None), DRAM


def _level(folder: Path, threads: int) -> Level | None:
    """None for a cache of instructions, or one that cannot be read."""
    try:
        told = {name: (folder / name).read_text().strip() for name in ("type", "level", "size", "shared_cpu_list")}
        size = int(told["size"].removesuffix("K")) << 10
    except (OSError, ValueError):
        return None
    if told["type"] == "Instruction":
        return None
    private = int(told["level"]) < 3 or told["shared_cpu_list"].isdigit()
    return Level(f"L{told['level']}", size * threads if private else size)


def working_sets_kib(found: Iterable[Level]) -> tuple[int, ...]:
    """KiB to measure at: half of each cache, between distant ones, FAR times the last."""
    sizes = [level.size_bytes for level in found if level.size_bytes < math.inf]
    if not sizes:
        return (256 << 10,)
    between = [math.sqrt(small * large) for small, large in pairwise(sizes) if large >= WIDE * small]
    wanted = [*(size / 2 for size in sizes), *between, FAR * sizes[-1]]
    return tuple(sorted({max(4, round(size / 1024)) for size in wanted}))
