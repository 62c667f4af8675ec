"""The operator library for ONNX Runtime's CPU provider: built on first use (3 s), kept in the cache.

It needs a C++ compiler and nothing else: neither PyTorch nor ONNX Runtime's headers, of which `csrc/runtime_api.h`
declares the few entries that are used. `OPBENCH_ORT_INCLUDE` names a folder with the official `onnxruntime_c_api.h`,
which is then taken instead.
"""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path

from impls.plain_build import shared_library
from opbench.errors import MachineError

SOURCES = tuple(sorted((Path(__file__).parent / "csrc").glob("*")))
NAME = "opbench_ort"

HEADERS = "OPBENCH_ORT_INCLUDE"


@lru_cache(maxsize=2)
def library(*defined: str) -> Path:
    """The shared library, to be given to `SessionOptions.register_custom_ops_library`.

    defined: names for the preprocessor; the library as users have it has none.
    Raises MachineError where there is no compiler, with its words where it fails, and for a folder of official headers
    that has none.
    """
    headers = official_headers()
    flags = [f"-D{name}" for name in defined]
    if headers is None:
        return shared_library(NAME, SOURCES, flags)
    official = ["-DOPBENCH_OFFICIAL_HEADERS", f"-I{headers}"]
    return shared_library(NAME, SOURCES, [*flags, *official], [headers / "onnxruntime_c_api.h"])


def official_headers() -> Path | None:
    """The folder that `OPBENCH_ORT_INCLUDE` names. Raises MachineError where it does not hold the header."""
    named = os.environ.get(HEADERS)
    if not named:
        return None
    if not (Path(named) / "onnxruntime_c_api.h").is_file():
        raise MachineError(f"{HEADERS} is {named!r}, and there is no onnxruntime_c_api.h in it; unset it or correct it")
    return Path(named).resolve()  # the compiler runs elsewhere
