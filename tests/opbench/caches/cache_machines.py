"""Machines as their systems describe them: the caches of real ones, written where Linux tells them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

FILES = ("type", "level", "size", "shared_cpu_list")


@dataclass(frozen=True)
class Told:
    """A cache of `size` at each of `groups`, lists of processors as Linux writes them."""

    level: int
    size: str
    groups: tuple[str, ...]
    kind: str = "Unified"


@dataclass(frozen=True)
class Machine:
    """What it tells, which processors may be used, and what its last level can hold at most, to be held against."""

    caches: tuple[Told, ...]
    usable: tuple[int, ...]
    last_bytes: int


def each(cpus: Iterable[int]) -> tuple[str, ...]:
    return tuple(str(cpu) for cpu in cpus)


def pairs(first: Iterable[int], apart: int) -> tuple[str, ...]:
    return tuple(f"{cpu},{cpu + apart}" for cpu in first)


def ranges(count: int, size: int, start: int = 0) -> tuple[str, ...]:
    return tuple(f"{at}-{at + size - 1}" for at in range(start, start + count * size, size))


def numbers(group: str) -> list[int]:
    ends = [part.partition("-") for part in group.split(",")]
    return [cpu for first, _, last in ends for cpu in range(int(first), int(last or first) + 1)]


MIB = 1 << 20
CCX = tuple(f"{at}-{at + 7},{at + 64}-{at + 71}" for at in range(0, 64, 8))

MACHINES = {
    "desktop with 8 MiB": Machine(
        (
            Told(1, "32K", pairs(range(4), 4), "Data"),
            Told(1, "32K", pairs(range(4), 4), "Instruction"),
            Told(2, "256K", pairs(range(4), 4)),
            Told(3, "8192K", ("0-7",)),
        ),
        tuple(range(8)),
        8 * MIB,
    ),
    "EPYC with eight third-level caches": Machine(
        (
            Told(1, "32K", pairs(range(64), 64), "Data"),
            Told(2, "512K", pairs(range(64), 64)),
            Told(3, "32768K", CCX),
        ),
        tuple(range(128)),
        8 * 32 * MIB,
    ),
    "Xeon VM with 300 MiB": Machine(
        (Told(1, "48K", each(range(2)), "Data"), Told(2, "2048K", each(range(2))), Told(3, "307200K", ("0-1",))),
        (0, 1),
        300 * MIB,
    ),
    "Ampere without a third level": Machine(
        (Told(1, "64K", each(range(80)), "Data"), Told(2, "1024K", each(range(80)))),
        tuple(range(80)),
        80 * MIB,
    ),
    "Apple, two kinds of cores": Machine(
        (
            Told(1, "64K", each(range(4)), "Data"),
            Told(1, "128K", each(range(4, 8)), "Data"),
            Told(2, "4096K", ("0-3",)),
            Told(2, "12288K", ("4-7",)),
        ),
        tuple(range(8)),
        16 * MIB,
    ),
    "container with two of 128 processors": Machine(
        (
            Told(1, "48K", pairs(range(64), 64), "Data"),
            Told(2, "2048K", pairs(range(64), 64)),
            Told(3, "107520K", ("0-31,64-95", "32-63,96-127")),
        ),
        (5, 37),
        210 * MIB,
    ),
    "laptop with hybrid cores": Machine(
        (
            Told(1, "48K", pairs(range(0, 12, 2), 1), "Data"),
            Told(1, "32K", each(range(12, 20)), "Data"),
            Told(2, "1280K", pairs(range(0, 12, 2), 1)),
            Told(2, "2048K", ("12-15", "16-19")),
            Told(3, "24576K", ("0-19",)),
        ),
        tuple(range(20)),
        24 * MIB,
    ),
    "WSL, which tells sizes only": Machine(
        (
            Told(1, "48K", ("0", "1", "2", "3"), "Data"),
            Told(2, "1280K", ("0", "1", "2", "3")),
            Told(3, "18432K", ("",)),
        ),
        (0, 1, 2, 3),
        18 * MIB,
    ),
    "server that tells nothing": Machine((), tuple(range(16)), 1 << 40),
    "big server, 192 cores and 480 MiB": Machine(
        (
            Told(1, "48K", each(range(192)), "Data"),
            Told(2, "2048K", each(range(192))),
            Told(3, "491520K", ("0-191",)),
        ),
        tuple(range(192)),
        480 * MIB,
    ),
}
"""By name. A group of "" stands for every processor, each of which is told not to share."""


def written(machine: Machine, cpus: Path) -> Path:
    """The machine's caches as files under `cpus`, in the place of /sys/devices/system/cpu."""
    for number, told in enumerate(machine.caches):
        for group in told.groups:
            for cpu in numbers(group) if group else machine.usable:
                put(cpus, cpu, number, (told.kind, str(told.level), told.size, group))
    return cpus


def put(cpus: Path, cpu: int, number: int, texts: tuple[str, str, str, str]) -> Path:
    """One cache of one processor: type, level, size and who shares it. A text of "" is a file that is missing."""
    place = cpus / f"cpu{cpu}" / "cache" / f"index{number}"
    place.mkdir(parents=True)
    for name, text in zip(FILES, texts, strict=True):
        if text:
            (place / name).write_text(f"{text}\n")
    return place
