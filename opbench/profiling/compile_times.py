"""What preparing a case costs a user who has never run it, what it costs the next time, and where the difference lies.

`run_case` prepares in a fresh process whose caches are all empty, then in another that finds what the first one left.
"""

from __future__ import annotations

import getpass
import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from opbench.cache import cache_folder
from opbench.profiling.target.request import TargetRequest
from opbench.profiling.target.spawn import run_target, scratch_folder
from opbench.vocabulary.case import Case


@dataclass(frozen=True)
class CacheContents:
    """What one technology left on the disk.

    what: the kind of files.
    location: the user's own cache, by the environment of this process; the files that were counted are gone.
    size_bytes, files: what was counted.
    """

    what: str
    location: str
    size_bytes: int
    files: int


@dataclass(frozen=True)
class CompileTimes:
    """Preparing twice.

    cold_s, warm_s: seconds with empty caches, and with filled ones.
    caches: those that were not empty afterwards.
    """

    cold_s: float
    warm_s: float
    caches: tuple[CacheContents, ...]


def measure_compile_times(case: Case, time_limit_s: float, threads: int = 0) -> CompileTimes:
    """Prepare the case and call its launch once, in two fresh processes with one cache folder.

    Counted are compiling, building, tuning, index tables, loading what was built, and one execution; compilers that
    are lazy (PyTorch's, a GPU's) work during that first call. Not counted are the start of the process, importing
    Python modules and libraries' extensions (also those that a backend imports while it prepares), and making the
    inputs. The disk's own cache in memory is as it is in either.
    Raises MachineError, in one line, when the disk cannot be written, the case cannot run here, or one of the two
    processes takes longer than time_limit_s seconds.
    """
    with scratch_folder() as folder:
        locations = {cache.variable(): folder / cache.variable() for cache in CACHES}
        request = TargetRequest(case, folder, calls=1, threads=threads)
        cold_s = _prepare_s(request, locations, time_limit_s)
        contents = [_contents(cache, locations[cache.variable()]) for cache in CACHES]
        warm_s = _prepare_s(request, locations, time_limit_s)
    return CompileTimes(cold_s, warm_s, tuple(cache for cache in contents if cache.files))


def _prepare_s(request: TargetRequest, locations: Mapping[str, Path], time_limit_s: float) -> float:
    request.answer_file.unlink(missing_ok=True)
    environment = {variable: str(location) for variable, location in locations.items()}
    answer = run_target(request, time_limit_s, environment=environment).answer_or_raise("compile times")
    return float(answer["prepare_s"] + answer["first_call_s"])


@dataclass(frozen=True)
class CompilerCache:
    """One kind of cache: the environment's variable that moves it, and where it lies unmoved."""

    what: str
    variable: Callable[[], str]
    location: Callable[[], str]


def _contents(cache: CompilerCache, folder: Path) -> CacheContents:
    sizes = [file.stat().st_size for file in folder.rglob("*") if file.is_file()]
    return CacheContents(cache.what, cache.location(), sum(sizes), len(sizes))


def _folder_cache(what: str, variable: str, default: str) -> CompilerCache:
    """A cache in the folder that a variable names, else in `default`."""
    return CompilerCache(what, lambda: variable, lambda: os.environ.get(variable) or str(Path(default).expanduser()))


def _triton_variable() -> str:
    """TRITON_CACHE_DIR would move the kernels of torch.compile too, which otherwise keeps them among its own files."""
    return "TRITON_CACHE_DIR" if "TRITON_CACHE_DIR" in os.environ else "TRITON_HOME"


def _triton_location() -> str:
    home = Path(os.environ.get("TRITON_HOME") or Path.home()) / ".triton" / "cache"
    return os.environ.get("TRITON_CACHE_DIR") or str(home)


def _inductor_location() -> str:
    return os.environ.get("TORCHINDUCTOR_CACHE_DIR") or f"{tempfile.gettempdir()}/torchinductor_{getpass.getuser()}"


CACHES = (
    CompilerCache("libraries and kernels that opbench built", lambda: "OPBENCH_CACHE", lambda: str(cache_folder())),
    CompilerCache("torch.compile's graphs and kernels", lambda: "TORCHINDUCTOR_CACHE_DIR", _inductor_location),
    CompilerCache("Triton's kernels", _triton_variable, _triton_location),
    _folder_cache("Numba's kernels", "NUMBA_CACHE_DIR", "~/.cache/numba"),
    _folder_cache("CuPy's kernels", "CUPY_CACHE_DIR", "~/.cupy/kernel_cache"),
    _folder_cache("what the CUDA driver compiled", "CUDA_CACHE_PATH", "~/.nv/ComputeCache"),
    _folder_cache("other caches", "XDG_CACHE_HOME", "~/.cache"),
)
"""Read in the source of PyTorch 2.13, Triton 3.9, numba-cuda 0.30 and CuPy 14; the last but one in CUDA's manual."""
