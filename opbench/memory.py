"""Will a point fit? Asked before anything is allocated, because the kernel's answer to trying is to kill."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from opbench.case import Point
    from opbench.operator import Work

RESERVE = 0.1
"""Share of the free memory left alone, for the libraries' own workspaces."""

OUTPUTS = 4
"""Outputs alive at once: the result, the poisoned block, and two temporaries of an unfused backend."""


def needed_bytes(point: Point, work: Work, backends: int) -> int:
    """Peak of inputs (three copies while checking), outputs, and the float64 reference with its temporaries.

    In mode `out` every backend holds an output of its own.
    """
    kept = backends if point.mode == "out" else 0
    widening = 8 // {"float64": 8, "float32": 4}.get(point.dtype, 2)
    return 3 * work.bytes_read + work.bytes_written * (OUTPUTS + kept + 2 * widening)


def available_bytes(device: str) -> int:
    if device == "cuda":
        import torch

        return int(torch.cuda.mem_get_info()[0])
    import psutil

    return min([int(psutil.virtual_memory().available), *_container_limit()])


def _container_limit() -> list[int]:
    """Bytes a container may still take, where its control group (version 2) sets a limit."""
    group = Path("/sys/fs/cgroup")
    try:
        return [int((group / "memory.max").read_text()) - int((group / "memory.current").read_text())]
    except (OSError, ValueError):
        return []


def shortage(point: Point, work: Work, backends: int) -> str | None:
    """Why the point does not fit into memory, in numbers, or None."""
    needed, available = needed_bytes(point, work, backends), available_bytes(point.device)
    if needed <= (1 - RESERVE) * available:
        return None
    gib = 1 << 30
    return (
        f"skipped: needs about {needed / gib:.1f} GiB (an output of {work.bytes_written / gib:.1f} GiB, its float64 "
        f"reference, temporaries), {available / gib:.1f} GiB are free"
    )
