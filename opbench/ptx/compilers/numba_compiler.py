"""Numba's PTX of a Python function, for a GPU that need not be there."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

from opbench.errors import MachineError, first_line

OPTIONS = "fastmath", "debug", "opt"
"""Of `cuda.jit`, which decide over the code."""


def compiled(function: Any, signature: tuple[Any, ...], architecture: str, options: Mapping[str, Any]) -> str:
    """PTX with the one kernel.

    function: what `cuda.jit` was given. signature: Numba's types of its arguments. architecture: such as "sm_90".
    options: `cuda.jit`'s. Raises MachineError where NVVM is missing, and whatever Numba raises of the function.
    """
    number = architecture.removeprefix("sm_")
    capability = int(number[:-1]), int(number[-1])
    chosen = {name: options[name] for name in OPTIONS if options.get(name) is not None}
    lines = not chosen.get("debug")
    with without_gpu(capability):
        text, _ = numba("cuda").compile(
            function, signature, cc=capability, device=False, output="ptx", abi="numba", lineinfo=lines, **chosen
        )
    return text.decode() if isinstance(text, bytes) else str(text)


def numba(name: str) -> Any:
    """A module of Numba's; Any, because type checkers see the numba package's own, empty `cuda`."""
    return import_module(f"numba.{name}")


@contextmanager
def without_gpu(capability: tuple[int, int]) -> Iterator[None]:
    """Answers in place of a device and of NVRTC what Numba asks before NVVM may compile.

    Raises MachineError where there is no NVVM.
    """
    cuda, paths, dispatcher, nvrtc, nvvm = (
        numba(f"cuda{name}") for name in ("", ".cuda_paths", ".dispatcher", ".cudadrv.nvrtc", ".cudadrv.nvvm")
    )
    with ExitStack() as answers:
        if root := toolkit():
            answers.enter_context(mock.patch.dict(os.environ, {"CUDA_HOME": root}))
        if not cuda.is_available():
            told = SimpleNamespace(compute_capability=capability)
            answers.enter_context(mock.patch.object(dispatcher, "get_current_device", return_value=told))
            answers.enter_context(mock.patch.object(nvrtc, "get_supported_ccs", return_value=(capability,)))
            answers.enter_context(
                mock.patch.object(paths, "_get_nvrtc_path", return_value=None)
            )  # raises where it has none
        try:
            nvvm.NVVM()
        except Exception as exc:
            raise MachineError(
                f"Numba finds no NVVM ({first_line(exc)}); install the CUDA toolkit and set CUDA_HOME"
            ) from exc
        yield


def toolkit() -> str | None:
    """The CUDA toolkit's folder by CUDA_HOME, else by the nvcc on the PATH; None leaves it to Numba to find NVVM."""
    if "CUDA_HOME" in os.environ or not (nvcc := shutil.which("nvcc")):
        return os.environ.get("CUDA_HOME")
    plan = subprocess.run([nvcc, "--dryrun", "-c", "-x", "cu", os.devnull], capture_output=True, text=True, check=False)
    top = re.search(r"TOP=(.*)", plan.stderr)
    return None if top is None else str(Path(top[1].strip()).resolve())
