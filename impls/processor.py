"""What this machine's processor says of itself."""

from __future__ import annotations

import platform
from pathlib import Path


def processor() -> str:
    """What -march=native sees: a cache shared by two machines must not mix libraries compiled with it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line for line in lines if line.startswith("flags")), "")
