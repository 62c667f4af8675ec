"""The caches of this machine as the system tells them: which level, how large, which processors share it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

CPUS = Path("/sys/devices/system/cpu")

LARGEST_BYTES = 4 << 30
"""A cache that is told to be larger is a mistake: the largest that is sold has 1.1 GiB for a socket."""

LEVELS = range(1, 5)
SHARED_FROM = 3

MOST_CPUS = 8192
"""As many as Linux can be built for."""

_UNITS = {"K": 10, "M": 20, "G": 30}


@dataclass(frozen=True)
class Cache:
    """One cache of data: its level, its size, and the processors that share it, by their numbers."""

    level: int
    size_bytes: int
    shared_by: frozenset[int]


def processors() -> tuple[int, ...]:
    """Those that this process may run on, by their numbers; at least one."""
    if hasattr(os, "sched_getaffinity"):
        return tuple(sorted(os.sched_getaffinity(0)))
    return tuple(range(os.cpu_count() or 1))


def caches_of(cpu: int, cpus: Path = CPUS) -> tuple[Cache, ...]:
    """Its data caches, the smallest level first. What cannot be read or cannot be true is left out."""
    found = [one for folder in (cpus / f"cpu{cpu}" / "cache").glob("index*") if (one := _cache(folder, cpu))]
    return tuple(sorted(found, key=lambda one: (one.level, one.size_bytes)))


def every_cache(usable: Iterable[int], cpus: Path = CPUS) -> tuple[Cache, ...]:
    """All data caches that these processors have, each once."""
    return tuple(dict.fromkeys(one for cpu in usable for one in caches_of(cpu, cpus)))


def last_caches(usable: Iterable[int], cpus: Path = CPUS) -> Iterator[tuple[Cache, ...]]:
    """The caches of one processor out of each group that shares a last level.

    A processor whose last level is known already is not looked at: asking for all 128 of a server takes 30 ms, for one
    of each group 2.
    """
    seen: set[int] = set()
    for cpu in usable:
        if cpu not in seen and (found := caches_of(cpu, cpus)):
            seen |= found[-1].shared_by
            yield found


def _cache(folder: Path, cpu: int) -> Cache | None:
    try:
        kind, level = (folder / "type").read_text().strip(), int((folder / "level").read_text())
        size = _bytes((folder / "size").read_text().strip())
    except (OSError, ValueError):
        return None
    if kind == "Instruction" or level not in LEVELS or not 0 < size <= LARGEST_BYTES:
        return None
    return Cache(level, size, _shared(folder / "shared_cpu_list", level) | {cpu})


def _bytes(text: str) -> int:
    """A size such as 307200K in bytes. Raises ValueError where it is no size."""
    unit = _UNITS.get(text[-1:].upper())
    return int(text) if unit is None else int(text[:-1]) << unit


def _shared(file: Path, level: int) -> frozenset[int]:
    """A list such as 0-2,6 as numbers.

    Where it is missing or says something else, a third level is everybody's and what is nearer the processor's own: WSL
    and other guests tell sizes alone.
    """
    try:
        ranges = [part.partition("-") for part in file.read_text().strip().split(",")]
        ends = [(int(first), min(int(last or first), MOST_CPUS)) for first, _, last in ranges]
    except (OSError, ValueError):
        return frozenset() if level < SHARED_FROM else _everybody(file.parents[3])
    return frozenset(cpu for first, last in ends for cpu in range(first, last + 1))


def _everybody(cpus: Path) -> frozenset[int]:
    names = (folder.name.removeprefix("cpu") for folder in cpus.glob("cpu[0-9]*"))
    return frozenset(int(name) for name in names if name.isdecimal())
