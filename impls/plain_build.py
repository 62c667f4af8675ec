"""Building a shared library that needs a C++ compiler and nothing else: no PyTorch, no ninja; seconds instead of 20.

Found again by the content of its sources, as in `native.py`.
"""

from __future__ import annotations

import hashlib
import os
import platform
from collections.abc import Sequence
from pathlib import Path

from impls import native, shipped
from impls.build_guard import guarded
from impls.build_place import built, whole
from impls.cxx import compile_with, compiler
from impls.processor import processor
from opbench.cache import cache_folder
from opbench.errors import MachineError

THIS_MACHINE = "-march=native"
# -fno-math-errno: a square root is then one instruction.
FLAGS = ("-std=c++17", "-O3", "-fno-math-errno", "-fPIC", "-shared", "-fvisibility=hidden")


def shared_library(name: str, sources: Sequence[Path], flags: Sequence[str] = (), seen: Sequence[Path] = ()) -> Path:
    """The library of these sources, compiled unless the cache has it whole: .cpp are units, the rest are their headers.

    flags: besides FLAGS. Where there is no compiler, it is the library that came along, made for less of a processor.
    seen: other files that the sources include.

    Raises MachineError where there is no compiler, and with its words where it fails.
    """
    target = cache_folder() / f"{name}-{_key(sources, flags, seen)}.so"
    if not whole(target):
        if reason := native.why_no_compiler():
            if ours := shipped.found(name, (*sources, *seen)):
                return ours
            raise MachineError(f"cannot build {name}: {reason}")
        built(name, target, lambda fresh: compile_for(THIS_MACHINE, name, sources, flags, fresh))
    return target


def compile_for(instructions: str, name: str, sources: Sequence[Path], flags: Sequence[str], to: Path) -> None:
    """Builds the library `to`, in whose folder nothing else is. instructions: what the compiler may use, as a flag."""
    units = [str(file) for file in sources if file.suffix == ".cpp"]
    with guarded(to.parent):
        compile_with(name, [*FLAGS, instructions, *flags, *units, "-o", str(to)], to.parent)


def _key(sources: Sequence[Path], flags: Sequence[str], seen: Sequence[Path]) -> str:
    parts = [*FLAGS, THIS_MACHINE, *flags, platform.machine(), processor(), os.environ.get("CXX", compiler() or "")]
    digest = hashlib.sha256("\0".join(parts).encode())
    for file in (*sources, *seen):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]
