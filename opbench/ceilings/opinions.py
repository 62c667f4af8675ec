"""What other public tools say of this machine's memory, where one of them is installed.

They are asked between our rounds and their best is taken, as ours is: a shared machine is slow for seconds at a time.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

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


def opinions(environment: Mapping[str, Any], size_bytes: int) -> dict[str, float]:
    """By `KIND: TOOL`, bytes a second at that working set; without those that are not installed or fail."""
    device, threads = environment["device"], int(environment.get("threads", 1))
    found = {}
    for tool in GPU_TOOLS if device == "cuda" else CPU_TOOLS:
        if shutil.which(tool.program) and (text := _output(tool.command(threads, size_bytes))) is not None:
            found[f"{tool.kind}: {tool.name}"] = tool.found(text)
    return {name: rate for name, rate in found.items() if rate is not None}


def better(one: Mapping[str, float], other: Mapping[str, float]) -> dict[str, float]:
    """The best of two times that the tools were asked."""
    return {name: max(said.get(name, 0.0) for said in (one, other)) for name in {**one, **other}}


def _output(words: Sequence[str]) -> str | None:
    """None where it does not start, fails, or takes too long."""
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=LIMIT_S, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout
