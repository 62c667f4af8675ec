"""Building a shared library that needs a C++ compiler and nothing else: no PyTorch, no ninja; seconds instead of 20.

Found again by the content of its sources, as in `native.py`.
"""

from __future__ import annotations

import hashlib
import os
import platform
from collections.abc import Sequence
from pathlib import Path

from impls import native
from impls.build_guard import guarded
from impls.build_place import built, whole
from impls.cxx import compile_with, compiler
from opbench.cache import cache_folder
from opbench.errors import MachineError

# -fno-math-errno: a square root is then one instruction. -march=native as for all our kernels.
FLAGS = ("-std=c++17", "-O3", "-march=native", "-fno-math-errno", "-fPIC", "-shared", "-fvisibility=hidden")


def shared_library(name: str, sources: Sequence[Path], flags: Sequence[str] = (), seen: Sequence[Path] = ()) -> Path:
    """The library of these sources, compiled unless the cache has it whole: .cpp are units, the rest are their headers.

    flags: besides FLAGS.
    seen: other files that the sources include.

    Raises MachineError where there is no compiler, and with its words where it fails.
    """
    target = cache_folder() / f"{name}-{_key(sources, flags, seen)}.so"
    if not whole(target):
        if reason := native.why_no_compiler():
            raise MachineError(f"cannot build {name}: {reason}")
        built(name, target, lambda fresh: _compile(name, sources, flags, fresh))
    return target


def _compile(name: str, sources: Sequence[Path], flags: Sequence[str], to: Path) -> None:
    units = [str(file) for file in sources if file.suffix == ".cpp"]
    with guarded(to.parent):
        compile_with(name, [*FLAGS, *flags, *units, "-o", str(to)], to.parent)


def _key(sources: Sequence[Path], flags: Sequence[str], seen: Sequence[Path]) -> str:
    parts = [*FLAGS, *flags, platform.machine(), native.processor(), os.environ.get("CXX", compiler() or "")]
    digest = hashlib.sha256("\0".join(parts).encode())
    for file in (*sources, *seen):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]
