"""One kernel instance of csrc/cuda compiled by NVRTC to a cubin file or to PTX, kept beside the built extensions.

CuPy can compile by itself, but appends -ftz=true, which turns denormal products into zeros, and its cache key does
not cover included headers. So NVRTC is called here, and CuPy only loads what came out.
"""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

from impls.cross_hadamard.gpu.kept_ptx import kept
from impls.sealed import damage, seal
from opbench.cache import cache_folder
from opbench.errors import MachineError, first_line
from opbench.store.files import write_whole

FOLDER = Path(__file__).parents[1] / "csrc" / "cuda"
KERNELS = FOLDER / "kernels.cuh"
OPTIONS = ("-std=c++17", "-lineinfo", "-ftz=false", "-prec-div=true", "-prec-sqrt=true")


def why_not() -> str | None:
    """Why nothing can be compiled at run time here, or None."""
    if importlib.util.find_spec("cupy") is None:
        return "CuPy is not installed; python -m pip install cupy-cuda13x (cupy-cuda12x for CUDA 12)"
    from cupy.cuda import nvrtc

    try:
        nvrtc.getVersion()
    except (RuntimeError, ImportError, OSError) as exc:
        return f"no NVRTC library ({first_line(exc)}); install the CUDA toolkit or nvidia-cuda-nvrtc"
    return None if include_folders() else "no cuda_fp16.h; install the CUDA toolkit or nvidia-cuda-runtime"


@lru_cache(maxsize=1)
def include_folders() -> tuple[Path, ...]:
    """Where cuda_fp16.h lies: in the CUDA toolkit, or in the NVIDIA packages that torch or CuPy brought."""
    import cupy

    roots = [Path(toolkit)] if (toolkit := cupy.cuda.get_cuda_path()) else []
    spec = importlib.util.find_spec("nvidia")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        roots += [Path(folder) / "cu13", Path(folder) / "cuda_runtime"]
    folders = [root / "include" for root in roots]
    return tuple(folder for folder in folders if (folder / "cuda_fp16.h").exists())


def compiled(instance: str, architecture: str) -> tuple[Path, str]:
    """The cubin file of a template instance such as `opbench::direct<float>`, and the kernel's name within it.

    `architecture` is a compute capability without its dot, such as "90". Raises MachineError where there is no NVRTC,
    with its first error where the kernel does not compile, and where the disk does not take it.
    """
    if reason := why_not():
        raise MachineError(f"cannot compile {instance}: {reason}")
    file = cache_folder() / f"{_key(instance, architecture)}.cubin"
    named = file.with_suffix(".name")
    if any(damage(part) is not None for part in (named, file)):
        cubin, name, _ = _compile(instance, architecture)
        try:
            for part, content in ((named, name.encode()), (file, cubin)):
                write_whole(part, content)
                seal(part)
        except OSError as exc:
            raise MachineError(f"cannot keep {file}: {exc.strerror}; set OPBENCH_CACHE") from exc
    return file, named.read_text(encoding="utf-8")


def ptx_of(instance: str, architecture: str) -> str:
    """Its PTX for a compute capability; nothing else is in the text. Raises as `compiled` does."""
    if reason := why_not():
        raise MachineError(f"cannot compile {instance}: {reason}")
    from cupy.cuda import nvrtc

    parts = ("NVRTC", str(nvrtc.getVersion()), *OPTIONS, instance, architecture)
    return kept(parts, sorted(FOLDER.glob("*.cuh")), lambda: _ptx(instance, architecture))


def report(instance: str, architecture: str) -> str:
    """What its ptxas says of the instance with `-v`: registers, spills, shared memory. Raises as `compiled` does."""
    _, _, log = _compile(instance, architecture, "-Xptxas=-v")
    return log


def _compile(instance: str, architecture: str, *further: str) -> tuple[bytes, str, str]:
    """The cubin, the kernel's name within it, and the compiler's log."""
    from cupy.cuda import nvrtc

    with program(KERNELS, instance, f"sm_{architecture}", *further) as made:
        return nvrtc.getCUBIN(made), text_of(nvrtc.getLoweredName(made, instance)), str(nvrtc.getProgramLog(made))


def _ptx(instance: str, architecture: str) -> str:
    from cupy.cuda import nvrtc

    with program(KERNELS, instance, f"compute_{architecture}") as made:
        return text_of(nvrtc.getPTX(made))


def text_of(given: str | bytes) -> str:
    """What NVRTC gives as bytes, ended by a zero, or as text: it differs by CuPy's version and function."""
    return (given if isinstance(given, str) else given.decode()).rstrip("\0")


@contextmanager
def program(header: Path, instance: str, target: str, *further: str) -> Iterator[Any]:
    """NVRTC's program of one instance of a template in `header`, compiled for `sm_90` or `compute_90`.

    Raises MachineError with the first error where it does not compile.
    """
    from cupy.cuda import nvrtc

    includes = [f"-I{folder}" for folder in (header.parent, *include_folders())]
    made = nvrtc.createProgram(f'#include "{header.name}"\n', header.with_suffix(".cu").name, (), ())
    try:
        nvrtc.addNameExpression(made, instance)
        nvrtc.compileProgram(made, (*OPTIONS, f"-arch={target}", *further, *includes))
        yield made
    except nvrtc.NVRTCError as exc:
        log = str(nvrtc.getProgramLog(made))
        lines = [line for line in log.splitlines() if "error" in line] or [str(exc)]
        raise MachineError(f"NVRTC does not compile {instance} for {target}: {lines[0]}") from exc
    finally:
        nvrtc.destroyProgram(made)


def _key(instance: str, architecture: str) -> str:
    from cupy.cuda import nvrtc

    digest = hashlib.sha256(f"{instance}\0{architecture}\0{OPTIONS}\0{nvrtc.getVersion()}".encode())
    for header in sorted(FOLDER.glob("*.cuh")):
        digest.update(header.read_bytes())
    return f"cross_hadamard-{digest.hexdigest()[:24]}"
