"""Where this machine's own findings are kept: built libraries, dispatch tables."""

from __future__ import annotations

import os
from pathlib import Path


def cache_folder() -> Path:
    """`OPBENCH_CACHE`, else `$XDG_CACHE_HOME/opbench`, else `~/.cache/opbench`; it need not exist yet."""
    named = os.environ.get("OPBENCH_CACHE")
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(named) if named else Path(base) / "opbench"
