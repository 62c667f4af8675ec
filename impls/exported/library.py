"""The operator library for ONNX Runtime's CPU provider: built on first use (3 s), kept in the cache.

It needs a C++ compiler and nothing else: neither PyTorch nor ONNX Runtime's headers, of which `csrc/runtime_api.h`
declares the few entries that are used. `OPBENCH_ORT_INCLUDE` names a folder with the official `onnxruntime_c_api.h`,
which is then taken instead.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shlex
import subprocess
from functools import lru_cache
from pathlib import Path

from impls import native
from opbench.cache import cache_folder
from opbench.errors import MachineError

SOURCES = tuple(sorted((Path(__file__).parent / "csrc").glob("*")))
NAME = "opbench_ort"

HEADERS = "OPBENCH_ORT_INCLUDE"

# -fno-math-errno: a square root is then one instruction. -march=native as for all our kernels.
FLAGS = ("-std=c++17", "-O3", "-march=native", "-fno-math-errno", "-fPIC", "-shared", "-fvisibility=hidden")


@lru_cache(maxsize=2)
def library(*defined: str) -> Path:
    """The shared library, to be given to `SessionOptions.register_custom_ops_library`.

    defined: names for the preprocessor; the library as users have it has none.
    Raises MachineError where there is no compiler, with its words where it fails, and for a folder of official headers
    that has none.
    """
    headers = official_headers()
    flags = tuple(f"-D{name}" for name in defined)
    target = cache_folder() / f"{NAME}-{_key(flags, headers)}.so"
    if not target.exists():
        if reason := native.why_no_compiler():
            raise MachineError(f"cannot build {NAME}: {reason}")
        with native.put_in_place(NAME, target) as fresh:
            _compile(fresh, flags, headers)
    return target


def official_headers() -> Path | None:
    """The folder that `OPBENCH_ORT_INCLUDE` names. Raises MachineError where it does not hold the header."""
    named = os.environ.get(HEADERS)
    if not named:
        return None
    if not (Path(named) / "onnxruntime_c_api.h").is_file():
        raise MachineError(f"{HEADERS} is {named!r}, and there is no onnxruntime_c_api.h in it; unset it or correct it")
    return Path(named)


def _compile(to: Path, flags: tuple[str, ...], headers: Path | None) -> None:
    compiler = shlex.split(os.environ.get("CXX", "")) or [native.compiler() or "c++"]
    official = () if headers is None else ("-DOPBENCH_OFFICIAL_HEADERS", f"-I{headers}")
    units = [str(file) for file in SOURCES if file.suffix == ".cpp"]
    done = subprocess.run(
        [*compiler, *FLAGS, *flags, *official, *units, "-o", to], capture_output=True, text=True, check=False
    )
    if done.returncode:
        errors = [line for line in done.stderr.splitlines() if "error" in line] or done.stderr.splitlines()[:1]
        raise MachineError(f"{NAME} does not compile with {compiler[0]}: {''.join(errors[:1]).strip()}")


def _key(flags: tuple[str, ...], headers: Path | None) -> str:
    parts = [*FLAGS, *flags, platform.machine(), native.processor(), os.environ.get("CXX", native.compiler() or "")]
    digest = hashlib.sha256("\0".join(parts).encode())
    for file in (*SOURCES, *([] if headers is None else [headers / "onnxruntime_c_api.h"])):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]
