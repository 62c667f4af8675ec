"""The levels of memory that the measuring threads have, and the working sets to measure them with."""

from __future__ import annotations

import math
import os
from collections import defaultdict
from collections.abc import Iterable, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

from opbench.ceilings.ceiling import Level

CPUS = Path("/sys/devices/system/cpu")
DRAM = Level("DRAM", math.inf)
FAR = 4
"""Times the last cache, for DRAM: of a working set gone over in turns little is found there again."""

TOLD = ("type", "level", "size", "shared_cpu_list")

WIDE = 16
"""Levels further apart than this are measured in between as well."""


def levels(environment: Mapping[str, Any], cpus: Path = CPUS, usable: Iterable[int] = ()) -> tuple[Level, ...]:
    """Caches as the system tells them, smallest first, each as often as the threads have one; then DRAM.

    A core's own cache counts once a thread, one that cores share once for every group of cores that the threads can
    be spread over. usable: the processors that the threads may run on; this process's where left out.
    On a GPU its L2. A machine that does not tell its caches has DRAM only.
    """
    if environment["device"] == "cuda":
        return Level("L2", environment["l2_bytes"]), DRAM
    sizes = _cache_sizes(cpus, usable or os.sched_getaffinity(0), environment["threads"])
    return *(Level(f"L{number}", size) for number, size in sorted(sizes.items(), key=lambda one: one[1])), DRAM


def _cache_sizes(cpus: Path, usable: Iterable[int], threads: int) -> dict[int, int]:
    """By level, the bytes that so many threads have between them."""
    found: dict[int, dict[str, int]] = defaultdict(dict)
    for cpu in usable:
        for folder in (cpus / f"cpu{cpu}" / "cache").glob("index*"):
            try:
                told = {name: (folder / name).read_text().strip() for name in TOLD}
                size = int(told["size"].removesuffix("K")) << 10
            except (OSError, ValueError):
                continue
            if told["type"] != "Instruction":
                found[int(told["level"])][told["shared_cpu_list"]] = size
    return {level: max(own.values()) * min(threads, len(own)) for level, own in found.items()}


def working_sets_kib(found: Iterable[Level]) -> tuple[int, ...]:
    """KiB to measure at: half of each cache, between distant ones, FAR times the last."""
    sizes = [level.size_bytes for level in found if level.size_bytes < math.inf]
    if not sizes:
        return (256 << 10,)
    between = [math.sqrt(small * large) for small, large in pairwise(sizes) if large >= WIDE * small]
    wanted = [*(size / 2 for size in sizes), *between, FAR * sizes[-1]]
    return tuple(sorted({max(4, round(size / 1024)) for size in wanted}))
