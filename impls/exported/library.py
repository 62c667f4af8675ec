"""The operator library for ONNX Runtime's CPU provider: built on first use (6 s), kept in the cache.

Its kernels are those of the C++ extension for PyTorch (`cpp_kernels.CORE`), compiled for this very machine. Whole
networks are run by the library of layers (`impls.inference.library`), which is built first and opened with this one.

It needs a C++ compiler and nothing else: neither PyTorch nor ONNX Runtime's headers, of which `csrc/runtime_api.h`
declares the few entries that are used. `OPBENCH_ORT_INCLUDE` names a folder with the official `onnxruntime_c_api.h`,
which is then taken instead.
"""

from __future__ import annotations

import ctypes
import os
from functools import lru_cache
from pathlib import Path

from impls.cross_hadamard.cpp_kernels import CORE
from impls.inference.library import INTERFACE
from impls.inference.library import path as layers
from impls.plain_build import shared_library
from opbench.caches import known
from opbench.caches.told import processors
from opbench.errors import MachineError

SOURCES = tuple(sorted((Path(__file__).parent / "csrc").glob("*")))
SEEN = (*CORE, INTERFACE)
"""What they include besides."""
NAME = "opbench_ort"

HEADERS = "OPBENCH_ORT_INCLUDE"


@lru_cache(maxsize=2)
def library(*defined: str) -> Path:
    """The shared library, to be given to `SessionOptions.register_custom_ops_library`.

    defined: names for the preprocessor; the library as users have it has none.
    Raises MachineError where there is no compiler, with its words where it fails, and for a folder of official headers
    that has none.
    """
    flags, seen = [f"-D{name}" for name in defined], list(SEEN)
    if headers := official_headers():
        flags += ["-DOPBENCH_OFFICIAL_HEADERS", f"-I{headers}"]
        seen += [headers / "onnxruntime_c_api.h"]
    # By its path, which the linker writes down: a library without a name of its own is opened from there.
    path = shared_library(NAME, SOURCES, [*flags, *linked_with(str(layers()))], seen)
    stream_from(path, known(len(processors())).stream_reused_bytes)
    return path


def linked_with(*layers: str) -> tuple[str, ...]:
    """Flags that have the library of layers, given to the linker by these words, opened together with this one."""
    return "-Wl,--no-as-needed", *layers


def stream_from(path: Path, size_bytes: int) -> None:
    """Let stores of this library go around the caches for outputs of so many bytes and more, in this process.

    A session writes an output into memory that it wrote before, so `library` takes what is known of reused outputs.
    """
    ctypes.CDLL(str(path)).opbench_stream_from(ctypes.c_int64(size_bytes))


def official_headers() -> Path | None:
    """The folder that `OPBENCH_ORT_INCLUDE` names. Raises MachineError where it does not hold the header."""
    named = os.environ.get(HEADERS)
    if not named:
        return None
    if not (Path(named) / "onnxruntime_c_api.h").is_file():
        raise MachineError(f"{HEADERS} is {named!r}, and there is no onnxruntime_c_api.h in it; unset it or correct it")
    return Path(named).resolve()  # the compiler runs elsewhere
