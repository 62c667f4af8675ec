"""Building a C++ extension on first use and finding it again: one shared library per content of its sources.

Every build happens in a folder of its own and is moved into place whole (`build_place`), so a killed one leaves nothing
that counts; and what others wait on meanwhile dies with its process. Units of a library without CUDA that are not kept
from before (`kept_objects`) are compiled in one go. What holds CUDA is left to torch.utils.cpp_extension, in such a
folder too: it guards its own with a lock file that a killed process leaves behind, and the next one waits on it for
ever.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

from impls import shipped, torch_cxx, vector_variants
from impls.build_guard import guarded
from impls.build_place import built, whole
from impls.cxx import compile_with, compiler, first_error
from impls.kept_objects import compile_kept
from impls.processor import processor
from impls.vector_variants import Variant
from opbench import Preparing
from opbench.cache import cache_folder
from opbench.errors import MachineError

_Files: TypeAlias = tuple[Path, ...]


def why_no_compiler() -> str | None:
    """Why not even a source without PyTorch can be built here, or None."""
    if compiler() is not None:
        return None
    expected = os.environ.get("CXX", "c++ or g++")
    return f"no C++ compiler ({expected}) on the PATH; install one (Debian: apt-get install g++) or set CXX"


def why_not(*, cuda: bool = False, headers: bool = False) -> str | None:
    """Why no library can be had here, built or as it came along, or None; with `cuda`, none with code for the GPU.

    headers: one that is built from PyTorch's headers.
    """
    if not cuda and shipped.why_none(headers=headers) is None:
        return None
    if reason := why_no_compiler():
        return reason
    return _why_no_cuda() if cuda else None


def _why_no_cuda() -> str | None:
    import torch

    if shutil.which("ninja") is None and not _ninja_module():
        return "ninja is not installed; pip install ninja"
    if torch.version.cuda is None:
        return f"PyTorch {torch.__version__} is built without CUDA; install one built for it (pytorch.org)"
    if nvcc() is None:
        return "no nvcc: neither CUDA_HOME nor the PATH has one; install the CUDA toolkit or set CUDA_HOME"
    if not torch.cuda.is_available():
        return "no CUDA device: PyTorch sees none on this machine, and its architecture is what is compiled for"
    return None


def nvcc() -> Path | None:
    """The CUDA compiler that torch.utils.cpp_extension builds with, or None."""
    from torch.utils import cpp_extension

    home = cpp_extension.CUDA_HOME
    path = Path(home) / "bin" / "nvcc" if home else None
    return path if path is not None and path.exists() else None


def _ninja_module() -> Path | None:
    try:
        import ninja
    except ModuleNotFoundError:
        return None
    return Path(ninja.BIN_DIR)


def cuda_flags() -> list[str]:
    """nvcc's flags for this machine's device: IEEE arithmetic (no fast-math), source lines kept for the profiler."""
    import torch

    major, minor = torch.cuda.get_device_capability()
    architecture = f"{major}{minor}"
    return [f"-gencode=arch=compute_{architecture},code=sm_{architecture}", "-O3", "-lineinfo"]


def build(
    name: str,
    sources: Iterable[Path],
    kernels: Iterable[Path] = (),
    *,
    half: bool = True,
    wheel: bool = False,
    headers: bool = False,
) -> Path:
    """The shared library of these sources: the one that came along (`shipped`), else compiled unless the cache has it
    whole: .cpp, .cu with nvcc, and headers.

    kernels: .cpp files compiled once for each of `vector_variants.wanted`, which says what `half` and `wheel` are, and
    their headers. headers: whether sources include PyTorch's; else the library is built from what `torch_interface` has
    of it, and serves other releases too. The cache key covers the sources, flags, torch where its headers are included,
    the variants, the compiler's path, and for .cu nvcc's version and the device's architecture.
    Raises MachineError with the compiler's last lines when it does not build, and where there is no compiler.
    """
    files, in_variants = tuple(sources), tuple(kernels)
    cuda = any(file.suffix == ".cu" for file in files)
    if cuda and (reason := why_not(cuda=True)):  # the key needs nvcc and the device
        raise MachineError(f"cannot build {name}: {reason}")
    if ours := shipped.found(name, (*files, *in_variants), headers=headers):
        return ours
    variants = vector_variants.wanted(processor(), half=half, wheel=wheel) if in_variants else ()
    library = cache_folder() / f"{name}-{_key(files, in_variants, variants, headers=headers or cuda, cuda=cuda)}.so"
    if not whole(library):
        if reason := why_no_compiler():
            raise MachineError(f"cannot build {name}: {reason}")
        built(name, library, lambda fresh: _compile(name, files, in_variants, variants, headers, fresh.parent))
    return library


def building(
    name: str, sources: Iterable[Path], kernels: Iterable[Path] = (), *, half: bool = True, headers: bool = False
) -> Preparing:
    """What building a library without CUDA adds to a run: nothing where the cache has it.

    opbench_cpp takes 13 s of a processor, about half of that on two idle cores (GCC 12, EPYC 9004).
    """
    files, in_variants = tuple(sources), tuple(kernels)
    variants = vector_variants.wanted(processor(), half=half) if in_variants else ()
    library = cache_folder() / f"{name}-{_key(files, in_variants, variants, headers=headers)}.so"
    return (
        Preparing()
        if shipped.found(name, (*files, *in_variants), headers=headers) or whole(library)
        else Preparing(first_s=15.0, ahead=True)
    )


def load(
    name: str, sources: Iterable[Path], kernels: Iterable[Path] = (), *, half: bool = True, headers: bool = False
) -> Any:
    """The library's operators, as in `torch.ops.NAME`, and its functions of C (`torch_interface.loaded`); built if need
    be. Raises as `build` does.
    """
    from impls.torch_interface.loaded import Loaded

    return Loaded(name, build(name, sources, kernels, half=half, headers=headers))


def _compile(
    name: str, files: _Files, kernels: _Files, variants: tuple[Variant, ...], headers: bool, folder: Path
) -> None:
    if any(file.suffix == ".cu" for file in files):
        _compile_with_cuda(name, files, folder)
    else:
        _compile_for_cpu(name, files, kernels, variants, headers, folder)


def _compile_for_cpu(
    name: str, files: _Files, kernels: _Files, wanted: tuple[Variant, ...], headers: bool, folder: Path
) -> None:
    in_variants, variants = _cpp(kernels), vector_variants.compilable(wanted)
    units = [torch_cxx.unit(name, _cpp(files), [variant.has for variant in variants], folder, headers=headers)]
    for variant in variants:
        units += vector_variants.units(variant, in_variants, folder)
    with guarded(folder):
        compile_kept(units, folder)
        objects = [str(unit.target) for unit in units]  # PyTorch's first: see `vector_variants`
        compile_with(name, [*objects, *torch_cxx.link_flags(), "-o", f"{name}.so"], folder)


def _cpp(files: _Files) -> list[Path]:
    return [file for file in files if file.suffix == ".cpp"]


def _compile_with_cuda(name: str, files: _Files, folder: Path) -> None:
    from torch.utils import cpp_extension

    try:
        with guarded(folder), _environment_for_building():
            cpp_extension.load(
                name,
                [str(file) for file in files if file.suffix in {".cpp", ".cu"}],
                extra_cflags=list(torch_cxx.FLAGS),
                extra_cuda_cflags=cuda_flags(),
                with_cuda=True,
                extra_ldflags=["-fopenmp"],
                build_directory=str(folder),
                is_python_module=False,
            )
    except RuntimeError as exc:
        raise MachineError(f"{name} does not compile with {compiler()}: {first_error(str(exc))}") from exc


@contextmanager
def _environment_for_building() -> Iterator[None]:
    """What cpp_extension reads: a PATH with ninja, and CXX, without which it only looks for c++.

    Undone afterwards. Inductor reads CXX too, and one named c++ costs it its precompiled headers: a compilation then
    takes 10 s instead of 3.
    """
    before = dict(os.environ)
    if ninja_folder := _ninja_module():
        os.environ["PATH"] = f"{ninja_folder}{os.pathsep}{os.environ['PATH']}"
    os.environ.setdefault("CXX", compiler() or "c++")
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _key(
    files: _Files, kernels: _Files, variants: tuple[Variant, ...], *, headers: bool = False, cuda: bool = False
) -> str:
    parts = [torch_cxx.release() if headers else "", *torch_cxx.FLAGS, platform.machine(), compiler() or ""]
    if kernels:
        parts += [*vector_variants.FLAGS, *(f"{variant.name} {variant.flags}" for variant in variants)]
        parts += [] if vector_variants.one_for_all(processor()) else [processor()]
    if cuda:
        parts += [*cuda_flags(), _nvcc_version()]
    digest = hashlib.sha256("\0".join(parts).encode())
    for file in (*files, *kernels):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def _nvcc_version() -> str:
    printed = subprocess.run([str(nvcc()), "--version"], capture_output=True, text=True, check=False)
    return printed.stdout
