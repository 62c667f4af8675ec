"""What compilers said of the same sources before: a compilation without a GPU takes half a minute and changes never."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from opbench.cache import cache_folder
from opbench.simulation import SWITCHES

from .commands import Environment

COMPILING: Environment = {**dict.fromkeys(SWITCHES), "TRITON_DEFAULT_FP_FUSION": "1"}
"""Of a process in which kernels for a GPU are compiled, not interpreted, as Triton compiles them where nobody chose."""


def remembered(parts: Iterable[str], sources: Path, make: Callable[[], Any]) -> Any:
    """`make()`, which JSON can hold, or what it gave before for the same parts and the same files below `sources`.

    Kept in the cache folder, like the libraries that are built there. What raises or skips is not kept.
    """
    kept = cache_folder() / "tests" / f"{_key(parts, sources)}.json"
    if kept.exists():
        return json.loads(kept.read_text(encoding="utf-8"))
    made = make()
    kept.parent.mkdir(parents=True, exist_ok=True)
    fresh = kept.with_suffix(f".{os.getpid()}")  # the tests of one file may run in two processes at once
    fresh.write_text(json.dumps(made), encoding="utf-8")
    fresh.replace(kept)
    return made


def release(package: str) -> str:
    """Its installed version, or that there is none."""
    try:
        return f"{package} {version(package)}"
    except PackageNotFoundError:
        return f"no {package}"


def _key(parts: Iterable[str], sources: Path) -> str:
    digest = hashlib.sha256("\0".join(parts).encode())
    for file in sorted(sources.rglob("*")):
        if file.is_file() and file.suffix in {".py", ".h", ".cuh", ".cu", ".cpp"}:
            digest.update(str(file.relative_to(sources)).encode())
            digest.update(file.read_bytes())
    return digest.hexdigest()[:24]
