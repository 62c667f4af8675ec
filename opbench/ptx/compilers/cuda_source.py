"""CUDA C++ to PTX, by whichever compiler is there; none of them needs a GPU."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from opbench.errors import MachineError, UsageError, first_line
from opbench.ptx.active_device import ACTIVE
from opbench.ptx.properties import KNOWN

OPTIONS = ("-std=c++17", "-lineinfo")
FILE = "source.cu"
"""What the lines of the source are told as of."""


def compile_cuda(source: str, architecture: str = "", options: Sequence[str] = ()) -> str:
    """The PTX of CUDA C++: `extern "C" __global__` functions keep their names in it.

    architecture: such as "sm_90"; left out, that of `opbench.ptx.device`, and sm_90 outside of one.
    options: further ones of the compiler, such as "-fmad=false".
    CuPy's NVRTC compiles, else that of cuda-bindings, else nvcc. Raises UsageError with the compiler's first error and
    for an architecture that is not known, MachineError where there is no compiler.
    """
    device = ACTIVE.get()
    target = architecture or (device.properties.architecture if device else "sm_90")
    if target not in KNOWN:
        raise UsageError(f"architecture {target!r}: expected one of {', '.join(KNOWN)}")
    words = [*OPTIONS, *options, f"-arch={target.replace('sm', 'compute')}"]
    reasons = []
    for compiler in (_by_cupy, _by_bindings, _by_nvcc):
        try:
            return compiler(source, words)
        except (ImportError, OSError) as exc:
            reasons.append(first_line(exc))
    raise MachineError(
        f"no compiler of CUDA C++ ({'; '.join(reasons)}); python -m pip install cupy-cuda13x nvidia-cuda-nvrtc "
        "nvidia-cuda-runtime, or install the CUDA toolkit"
    )


def _by_cupy(source: str, words: Sequence[str]) -> str:
    """Raises ImportError without CuPy, OSError without NVRTC."""
    from cupy.cuda import nvrtc

    try:
        nvrtc.getVersion()
    except RuntimeError as exc:  # CuPy's word for a library that it does not find
        raise OSError(first_line(exc)) from exc
    program = nvrtc.createProgram(source, FILE, (), ())
    try:
        nvrtc.compileProgram(program, (*words, *_includes()))
        text: bytes = nvrtc.getPTX(program)
    except nvrtc.NVRTCError as exc:
        raise _refused(nvrtc.getProgramLog(program), exc) from exc
    finally:
        nvrtc.destroyProgram(program)
    return text.rstrip(b"\0").decode()


def _by_bindings(source: str, words: Sequence[str]) -> str:
    """Raises ImportError without cuda-bindings, OSError without NVRTC."""
    from cuda.bindings import nvrtc

    try:
        _, program = nvrtc.nvrtcCreateProgram(source.encode(), FILE.encode(), 0, [], [])
    except RuntimeError as exc:  # its word for a library that it does not find
        raise OSError(first_line(exc)) from exc
    asked = [word.encode() for word in (*words, *_includes())]
    (code,) = nvrtc.nvrtcCompileProgram(program, len(asked), asked)
    if code != nvrtc.nvrtcResult.NVRTC_SUCCESS:
        log = b" " * nvrtc.nvrtcGetProgramLogSize(program)[1]
        nvrtc.nvrtcGetProgramLog(program, log)
        raise _refused(log.decode(), code)
    text = b" " * nvrtc.nvrtcGetPTXSize(program)[1]
    nvrtc.nvrtcGetPTX(program, text)
    nvrtc.nvrtcDestroyProgram(program)
    return str(text.rstrip(b"\0").decode())


def _by_nvcc(source: str, words: Sequence[str]) -> str:
    """Raises OSError without nvcc."""
    nvcc = shutil.which("nvcc") or shutil.which("nvcc", path="/usr/local/cuda/bin")
    if nvcc is None:
        raise OSError("no nvcc on the PATH")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / FILE
        file.write_text(source, encoding="utf-8")
        run = subprocess.run(
            [nvcc, "-ptx", *words, "-o", "-", FILE], capture_output=True, text=True, check=False, cwd=folder
        )
    if run.returncode:
        raise _refused(run.stderr, f"exit code {run.returncode}")
    return run.stdout


def _includes() -> list[str]:
    """Where cuda_fp16.h lies, in NVIDIA's packages and in the toolkit."""
    spec = importlib.util.find_spec("nvidia")
    packages = [Path(folder) for folder in (spec.submodule_search_locations or [])] if spec else []
    roots = [*(each / name for each in packages for name in ("cu13", "cuda_runtime")), Path("/usr/local/cuda")]
    return [f"-I{root / 'include'}" for root in roots if (root / "include" / "cuda_fp16.h").exists()]


def _refused(log: object, otherwise: object) -> UsageError:
    lines = str(log).splitlines()
    errors = [line for line in lines if "error" in line] or [first_line(log) or str(otherwise)]
    return UsageError(f"CUDA C++ does not compile: {errors[0].strip()}")
