"""What preparing a case costs a user who has never run it, what it costs the next time, and where the difference lies.

`once` prepares in a fresh process whose caches are all empty, then in another that finds what the first one left.
"""

from __future__ import annotations

import getpass
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from opbench.cache import cache_folder
from opbench.case import Case
from opbench.profiling.outside import run_once, scratch_folder
from opbench.profiling.request import Request


@dataclass(frozen=True)
class Cache:
    """What one technology left on the disk, and where it does so without us.

    location: the user's own, by the environment of this process; the files that were counted are gone.
    """

    what: str
    location: str
    size_bytes: int
    files: int


@dataclass(frozen=True)
class CompileTimes:
    """Seconds of preparing with empty caches and with filled ones; the caches that were not empty afterwards."""

    cold_s: float
    warm_s: float
    caches: tuple[Cache, ...]


def compile_times(case: Case, time_limit_s: float, threads: int = 0) -> CompileTimes:
    """What `Backend.prepare` and the launch's first call take together, in two fresh processes with one cache folder.

    Counted are compiling, building, tuning, index tables, loading what was built, and one execution; compilers that
    are lazy (PyTorch's, a GPU's) work during that first call. Not counted are the start of the process, importing
    Python modules and libraries' extensions (also those that a backend imports while it prepares), and making the
    inputs. The disk's own cache in memory is as it is in either.
    Raises MachineError, in one line, when the disk cannot be written, the case cannot run here, or one of the two
    processes takes longer than time_limit_s seconds.
    """
    with scratch_folder() as folder:
        homes = {kept.variable(): folder / kept.variable() for kept in KEPT}
        request = Request(case, folder, calls=1, threads=threads)
        cold_s = _prepare_s(request, homes, time_limit_s)
        caches = tuple(found for kept in KEPT if (found := _left(kept, homes[kept.variable()])).files)
        return CompileTimes(cold_s, _prepare_s(request, homes, time_limit_s), caches)


def _prepare_s(request: Request, homes: dict[str, Path], time_limit_s: float) -> float:
    request.answer.unlink(missing_ok=True)
    environment = {name: str(home) for name, home in homes.items()}
    answer = run_once(request, time_limit_s, environment=environment).result("compile times")
    return float(answer["prepare_s"] + answer["first_call_s"])


@dataclass(frozen=True)
class Kept:
    """One kind of cache: the variable that moves it, and where it lies unmoved."""

    what: str
    variable: Callable[[], str]
    location: Callable[[], str]


def _left(kept: Kept, home: Path) -> Cache:
    sizes = [file.stat().st_size for file in home.rglob("*") if file.is_file()]
    return Cache(kept.what, kept.location(), sum(sizes), len(sizes))


def _at(what: str, variable: str, default: str) -> Kept:
    """A cache in the folder that a variable names, else in `default`."""
    return Kept(what, lambda: variable, lambda: os.environ.get(variable) or str(Path(default).expanduser()))


def _triton_variable() -> str:
    """TRITON_CACHE_DIR would move the kernels of torch.compile too, which otherwise keeps them among its own files."""
    return "TRITON_CACHE_DIR" if "TRITON_CACHE_DIR" in os.environ else "TRITON_HOME"


def _triton_location() -> str:
    home = Path(os.environ.get("TRITON_HOME") or Path.home()) / ".triton" / "cache"
    return os.environ.get("TRITON_CACHE_DIR") or str(home)


def _graphs_location() -> str:
    return os.environ.get("TORCHINDUCTOR_CACHE_DIR") or f"{tempfile.gettempdir()}/torchinductor_{getpass.getuser()}"


KEPT = (
    Kept("libraries and kernels that opbench built", lambda: "OPBENCH_CACHE", lambda: str(cache_folder())),
    Kept("torch.compile's graphs and kernels", lambda: "TORCHINDUCTOR_CACHE_DIR", _graphs_location),
    Kept("Triton's kernels", _triton_variable, _triton_location),
    _at("Numba's kernels", "NUMBA_CACHE_DIR", "~/.cache/numba"),
    _at("CuPy's kernels", "CUPY_CACHE_DIR", "~/.cupy/kernel_cache"),
    _at("what the CUDA driver compiled", "CUDA_CACHE_PATH", "~/.nv/ComputeCache"),
    _at("other caches", "XDG_CACHE_HOME", "~/.cache"),
)
"""Read in the source of PyTorch 2.13, Triton 3.9, numba-cuda 0.30 and CuPy 14; the last but one in CUDA's manual."""
