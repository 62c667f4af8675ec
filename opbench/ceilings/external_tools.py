"""What other public tools measure of this machine's memory, where one of them is installed: second opinions.

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
class ExternalTool:
    """One measurement of a tool.

    kind: of ceiling that it measures.
    name: of the measurement, as it is shown.
    arguments: by the number of threads and the working set in bytes.
    pattern: finds its figure in what it prints.
    unit: of that figure, in bytes a second.
    """

    program: str
    kind: str
    name: str
    arguments: Callable[[int, int], Sequence[str]]
    pattern: str
    unit: float

    def bytes_per_s(self, text: str) -> float | None:
        """Return the rate that it printed, or None where the text says none."""
        match = re.search(self.pattern, text)
        return float(match[1]) * self.unit if match else None


def _likwid(kind: str, kernel: str) -> ExternalTool:
    def arguments(threads: int, size_bytes: int) -> Sequence[str]:
        return "-t", f"{kernel}_avx", "-w", f"N:{size_bytes // 1000}kB:{threads}", "-i", "16"

    return ExternalTool("likwid-bench", kind, f"likwid-bench {kernel}", arguments, r"MByte/s:\s+([\d.]+)", 1e6)


def _nvbandwidth(kind: str, test: str) -> ExternalTool:
    pattern = rf"SUM {test}\s+([\d.]+)"
    return ExternalTool("nvbandwidth", kind, f"nvbandwidth {test}", lambda *_: ("-t", test), pattern, 1e9)


CPU_TOOLS = (_likwid("read", "load"), _likwid("write", "store_mem"), _likwid("copy", "copy_mem"))
GPU_TOOLS = (_nvbandwidth("copy", "device_local_copy"),)

INSTALLABLE = {
    "cpu": "likwid-bench (Debian: apt-get install likwid)",
    "cuda": "nvbandwidth (github.com/NVIDIA/nvbandwidth)",
}


def ask_external_tools(environment: Mapping[str, Any], size_bytes: int) -> dict[str, float]:
    """Return bytes a second at that working set by `KIND: TOOL`, without tools that are not installed or fail."""
    device, threads = environment["device"], int(environment.get("threads", 1))
    rates = {}
    for tool in GPU_TOOLS if device == "cuda" else CPU_TOOLS:
        if shutil.which(tool.program):
            text = _output([tool.program, *tool.arguments(threads, size_bytes)])
            rates[f"{tool.kind}: {tool.name}"] = tool.bytes_per_s(text)
    return {name: rate for name, rate in rates.items() if rate is not None}


def best_answers(answers: Mapping[str, float], later: Mapping[str, float]) -> dict[str, float]:
    """Return the best of two times that the tools were asked."""
    return {name: max(rates.get(name, 0.0) for rates in (answers, later)) for name in {**answers, **later}}


def _output(command: Sequence[str]) -> str:
    """Empty where it does not start, fails, or takes too long."""
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return ""
