"""Where this machine's own findings are kept, such as built libraries and dispatch tables, and under which names."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any


def cache_folder() -> Path:
    """`OPBENCH_CACHE`, else `$XDG_CACHE_HOME/opbench`, else `~/.cache/opbench`; it need not exist yet."""
    named = os.environ.get("OPBENCH_CACHE")
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(named) if named else Path(base) / "opbench"


def content_digest(data: Any) -> str:
    """16 hexadecimal digits of what JSON can hold, the same for the same content."""
    return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()[:16]
