"""What other public tools say of this machine's memory, where one of them is installed.

Each is run twice and its best taken, as ours are: a shared machine is slow for seconds at a time.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from opbench.ceilings.ceiling import Ceilings

RUNS = 2
LIMIT_S = 20.0


@dataclass(frozen=True)
class Tool:
    """command(threads, bytes): its words. found(text): bytes a second, or None where the text says none."""

    program: str
    kind: str
    name: str
    command: Callable[[int, int], Sequence[str]]
    found: Callable[[str], float | None]


def _likwid(kernel: str) -> Callable[[int, int], Sequence[str]]:
    return lambda threads, size: ("likwid-bench", "-t", kernel, "-w", f"N:{size // 1000}kB:{threads}", "-i", "16")


def _likwid_rate(text: str) -> float | None:
    return _first(text, r"MByte/s:\s+([\d.]+)", 1e6)


def _nvbandwidth_rate(text: str) -> float | None:
    return _first(text, r"SUM device_local_copy\s+([\d.]+)", 1e9)


def _first(text: str, pattern: str, unit: float) -> float | None:
    found = re.search(pattern, text)
    return float(found[1]) * unit if found else None


CPU_TOOLS = (
    Tool("likwid-bench", "read", "likwid-bench load", _likwid("load_avx"), _likwid_rate),
    Tool("likwid-bench", "write", "likwid-bench store_mem", _likwid("store_mem_avx"), _likwid_rate),
    Tool("likwid-bench", "copy", "likwid-bench copy_mem", _likwid("copy_mem_avx"), _likwid_rate),
)
GPU_TOOLS = (
    Tool(
        "nvbandwidth",
        "copy",
        "nvbandwidth device_local_copy",
        lambda *_: ("nvbandwidth", "-t", "device_local_copy"),
        _nvbandwidth_rate,
    ),
)

INSTALLABLE = {
    "cpu": "likwid-bench (Debian: apt-get install likwid)",
    "cuda": "nvbandwidth (github.com/NVIDIA/nvbandwidth)",
}


def opinions(ceilings: Ceilings) -> dict[str, float]:
    """By `KIND: TOOL`, bytes a second at the largest working set; without those that are not installed or fail."""
    device, threads = str(ceilings.environment["device"]), int(ceilings.environment.get("threads", 1))
    size = max(max(curve, default=0) for curve in ceilings.bandwidth.values())
    return {
        f"{tool.kind}: {tool.name}": rate
        for tool in (GPU_TOOLS if device == "cuda" else CPU_TOOLS)
        if shutil.which(tool.program) and (rate := _best(tool, threads, size))
    }


def _best(tool: Tool, threads: int, size: int) -> float | None:
    words = tool.command(threads, size)
    rates = [tool.found(text) for _ in range(RUNS) if (text := _output(words)) is not None]
    return max((rate for rate in rates if rate is not None), default=None)


def _output(words: Sequence[str]) -> str | None:
    """None where it does not start, fails, or takes too long."""
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=LIMIT_S, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout
