"""Will a point fit? Asked before anything is allocated, because the kernel's answer to trying is to kill."""

from __future__ import annotations

import resource
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from opbench.vocabulary.case import Point
from opbench.vocabulary.work import Work

RESERVE = 0.1
"""Share of the free memory left alone, for the libraries' own workspaces."""

OUTPUTS = 4
"""Outputs alive at once: the result, the poisoned block, and two temporaries of an unfused backend."""

LIMITS = {resource.RLIMIT_AS: "VmSize", resource.RLIMIT_DATA: "VmData"}
"""Limits of a process that allocating runs into, and what the kernel says it has taken of each, in KiB."""

VERSION_1 = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
VERSION_2 = ("memory.max", "memory.current", "inactive_file")
"""Of a control group: its limit, what it uses, and how much of that are files nobody has asked for lately."""


def needed_bytes(point: Point, work: Work, backends: int) -> int:
    """Peak of inputs (three copies while checking), outputs, and the float64 reference with its temporaries.

    In mode `out` every backend holds an output of its own.
    """
    kept = backends if point.mode == "out" else 0
    widening = 8 // {"float64": 8, "float32": 4}.get(point.dtype, 2)
    return 3 * work.bytes_read + work.bytes_written * (OUTPUTS + kept + 2 * widening)


def available_bytes(device: str) -> int:
    """The least of what the device has free and what this process and its control groups are still allowed."""
    if device == "cuda":
        import torch

        return int(torch.cuda.mem_get_info()[0])
    import psutil

    return min([int(psutil.virtual_memory().available), *_group_rooms(), *_limit_rooms()])


def _limit_rooms(limits: Mapping[int, str] = LIMITS, status: Path = Path("/proc/self/status")) -> list[int]:
    """What is left of each limit of this process (`ulimit -v`, `ulimit -d`) that is set."""
    rooms: list[int] = []
    for limit, line in limits.items():
        allowed, _ = resource.getrlimit(limit)
        if allowed != resource.RLIM_INFINITY and (used := _field(status, f"{line}:")) is not None:
            rooms.append(max(0, allowed - 1024 * used))
    return rooms


def _group_rooms(mine: Path = Path("/proc/self/cgroup"), mounts: Path = Path("/sys/fs/cgroup")) -> list[int]:
    """What is left of each limit of the control groups (of either version) that this process is in.

    A container is shown its own group as the root, so the mount itself is asked too.
    """
    rooms: list[int] = []
    for line in _text(mine).splitlines() or ["0::/"]:
        _, controllers, path = line.split(":", 2)
        if controllers and "memory" not in controllers.split(","):
            continue
        folder, names = (mounts / "memory", VERSION_1) if controllers else (mounts, VERSION_2)
        inside = PurePosixPath(path.lstrip("/"))
        for group in {folder / part for part in (inside, *inside.parents)}:
            rooms += _group_room(group, *names)
    return rooms


def _group_room(group: Path, limit: str, usage: str, cache: str) -> list[int]:
    """Files that were read long ago count as used, and make room where it is wanted."""
    try:
        allowed, used = int((group / limit).read_text()), int((group / usage).read_text())
    except (OSError, ValueError):  # no such group here, or "max"
        return []
    return [max(0, allowed - used + (_field(group / "memory.stat", cache) or 0))]


def _field(file: Path, name: str) -> int | None:
    """The number behind the name that a line of the file begins with."""
    values = (line.split() for line in _text(file).splitlines())
    return next((int(words[1]) for words in values if words and words[0] == name), None)


def _text(file: Path) -> str:
    try:
        return file.read_text()
    except OSError:  # of another system than Linux
        return ""


def shortage(point: Point, work: Work, backends: int) -> str | None:
    """Why the point does not fit into memory, in numbers, or None."""
    needed, available = needed_bytes(point, work, backends), available_bytes(point.device)
    if needed <= (1 - RESERVE) * available:
        return None
    gib = 1 << 30
    return (
        f"skipped: needs about {needed / gib:.1f} GiB (an output of {work.bytes_written / gib:.1f} GiB, its float64 "
        f"reference, temporaries), {available / gib:.1f} GiB are free or allowed"
    )
