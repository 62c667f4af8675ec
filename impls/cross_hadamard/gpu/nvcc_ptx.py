"""One kernel instance of csrc/cuda compiled by nvcc to PTX, where there is an nvcc but no GPU.

nvcc is found as `native.nvcc` finds it, else on the PATH. It takes 0.8 s for an instance on one core of an Intel Xeon.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from shutil import which

from impls import native
from impls.cross_hadamard.gpu import nvrtc
from impls.cross_hadamard.gpu.kept_ptx import kept
from opbench.errors import MachineError, first_line

FLAGS = ("-std=c++17", "-O3", "-lineinfo")


@lru_cache(maxsize=1)
def nvcc() -> str | None:
    """Its path, or None."""
    found = native.nvcc() or which("nvcc")
    return None if found is None else str(found)


def ptx_of(instance: str, architecture: str) -> str:
    """Its PTX for a compute capability without its dot, such as "90".

    Raises MachineError where there is no nvcc, and with its first error where it does not compile the instance.
    """
    compiler = nvcc()
    if compiler is None:
        raise MachineError("no nvcc: neither CUDA_HOME nor the PATH has one; install the CUDA toolkit or set CUDA_HOME")
    parts = ("nvcc", _version(compiler), *FLAGS, instance, architecture)
    return kept(parts, sorted(nvrtc.FOLDER.glob("*.cuh")), lambda: compiled(compiler, instance, architecture)[0])


def compiled(nvcc: str, instance: str, architecture: str, flags: Sequence[str] = ("-ptx",)) -> tuple[str, str]:
    """What nvcc wrote, as text where it is PTX, and what it printed. Raises MachineError with its first error."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "instance.cu", Path(folder) / "instance.out"
        source.write_text(
            '#include "kernels.cuh"\nextern const void* const kernel;\n'
            f"const void* const kernel = reinterpret_cast<const void*>({instance});\n"
        )
        words = [nvcc, *FLAGS, *flags, f"-arch=sm_{architecture}", f"-I{nvrtc.FOLDER}", "-o", str(target), str(source)]
        compilation = subprocess.run(words, capture_output=True, text=True, check=False)
        if compilation.returncode == 0:
            return target.read_text(encoding="utf-8", errors="replace"), compilation.stderr
    printed = compilation.stderr.splitlines()
    lines = [line for line in printed if "error" in line] or printed[:1]
    raise MachineError(f"nvcc does not compile {instance} for sm_{architecture}: {''.join(lines[:1])}")


@lru_cache(maxsize=4)
def _version(compiler: str) -> str:
    try:
        return subprocess.run([compiler, "--version"], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError) as exc:
        raise MachineError(f"{compiler} does not tell its version: {first_line(exc)}") from exc
