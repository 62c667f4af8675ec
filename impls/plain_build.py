"""Building a shared library that needs a C++ compiler and nothing else: no PyTorch, no ninja; seconds instead of 20.

Found again by the content of its sources, as in `native.py`.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shlex
import subprocess
from collections.abc import Sequence
from pathlib import Path

from impls import native
from opbench.cache import cache_folder
from opbench.errors import MachineError

# -fno-math-errno: a square root is then one instruction. -march=native as for all our kernels.
FLAGS = ("-std=c++17", "-O3", "-march=native", "-fno-math-errno", "-fPIC", "-shared", "-fvisibility=hidden")


def shared_library(name: str, sources: Sequence[Path], flags: Sequence[str] = (), seen: Sequence[Path] = ()) -> Path:
    """The library of these sources, compiled unless the cache has it: .cpp are units, the rest are their headers.

    flags: besides FLAGS. seen: other files that the sources include. Raises MachineError where there is no compiler,
    and with its words where it fails.
    """
    target = cache_folder() / f"{name}-{_key(sources, flags, seen)}.so"
    if not target.exists():
        if reason := native.why_no_compiler():
            raise MachineError(f"cannot build {name}: {reason}")
        with native.put_in_place(name, target) as fresh:
            _compile(name, sources, flags, fresh)
    return target


def _compile(name: str, sources: Sequence[Path], flags: Sequence[str], to: Path) -> None:
    compiler = shlex.split(os.environ.get("CXX", "")) or [native.compiler() or "c++"]
    units = [str(file) for file in sources if file.suffix == ".cpp"]
    done = subprocess.run([*compiler, *FLAGS, *flags, *units, "-o", to], capture_output=True, text=True, check=False)
    if done.returncode:
        errors = [line for line in done.stderr.splitlines() if "error" in line] or done.stderr.splitlines()[:1]
        raise MachineError(f"{name} does not compile with {compiler[0]}: {''.join(errors[:1]).strip()}")


def _key(sources: Sequence[Path], flags: Sequence[str], seen: Sequence[Path]) -> str:
    parts = [*FLAGS, *flags, platform.machine(), native.processor(), os.environ.get("CXX", native.compiler() or "")]
    digest = hashlib.sha256("\0".join(parts).encode())
    for file in (*sources, *seen):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]
