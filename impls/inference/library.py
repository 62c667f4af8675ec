"""The C++ library of layers for inference: built on first use (10 s), kept in the cache, loaded by ctypes.

It needs a C++ compiler and nothing else. Its kernels are compiled once for each set of vector instructions, and the
widest that the processor has is taken. They run on OpenMP's threads: PyTorch's is loaded first, and taken.
"""

from __future__ import annotations

import ctypes
import hashlib
import platform
from functools import lru_cache
from pathlib import Path
from typing import Any

from impls import native, shipped, vector_variants
from impls.build_guard import guarded
from impls.build_place import built, whole
from impls.cross_hadamard import cpp_kernels
from impls.cxx import Unit, compile_with, compiler
from impls.kept_objects import compile_kept
from impls.processor import processor
from impls.vector_variants import Variant
from opbench.cache import cache_folder
from opbench.errors import MachineError, unknown

NAME = "opbench_bottlenecks"
_CSRC = Path(__file__).parent / "csrc"
_SHARED = Path(cpp_kernels.__file__).parent / "csrc"
UNITS = (*sorted(_CSRC.glob("*.cpp")), _SHARED / "highest.cpp")
"""Compiled once, for every processor of this kind."""
IN_VARIANTS = tuple(sorted((_CSRC / "variant").glob("*.cpp")))
"""Compiled once for each set of vector instructions."""
SEEN = (
    *sorted(_CSRC.rglob("*.h")),
    *cpp_kernels.CORE,
    _SHARED / "processor.h",
    _SHARED / "highest.h",
)
"""What both include."""
INTERFACE = _CSRC / "interface.h"
FILES = (*UNITS, *IN_VARIANTS, *SEEN)

_POINTER, _SIZE, _INT = ctypes.c_void_p, ctypes.c_int64, ctypes.c_int
_SIZES = ctypes.POINTER(_SIZE)
_DEPTHWISE = (_SIZE, _SIZE, _SIZE, _POINTER, _POINTER)
_PROJECT = (_SIZE, _POINTER, _POINTER, _INT)
_TYPES: dict[str, tuple[Any, ...]] = {
    "convolution": (_POINTER, *(_SIZE,) * 6, _POINTER, _POINTER, _INT, _INT),
    "ach": (
        *(_POINTER, _SIZE, _SIZE, _INT, _POINTER, _POINTER, _SIZE, _POINTER, _INT, ctypes.c_float, _POINTER, _POINTER),
        *_DEPTHWISE,
        *_PROJECT,
    ),
    "ghost": (_POINTER, _SIZE, _SIZE, _SIZE, *(_POINTER,) * 4, *_DEPTHWISE, *_PROJECT),
    "classifier": (_POINTER, _SIZE, _SIZE, _SIZE, *(_POINTER,) * 4),
    "network": (_POINTER, _POINTER, _SIZE),
    "output": (_POINTER, _SIZES, _SIZES),
    "scratch": (_POINTER, _SIZES, _INT, _POINTER),
    "run": (_POINTER, _SIZES, _POINTER, _POINTER, _POINTER, _INT),
    "choose": (_POINTER, _SIZES, _POINTER, _POINTER, _POINTER),
    "usable_vectors": (),
}
"""Arguments of the functions that answer with a text or null, see `csrc/interface.cpp`."""


def path() -> Path:
    """The shared library, built if it was not.

    Raises MachineError where there is no compiler, and with its words where it fails.
    """
    library = cache_folder() / f"{NAME}-{_key()}.so"
    if not whole(library):
        if reason := native.why_no_compiler():
            if ours := shipped.found(NAME, FILES):
                return ours
            raise MachineError(f"cannot build {NAME}: {reason}")
        built(NAME, library, lambda fresh: compile_to(fresh, _variants()))
    return library


@lru_cache(maxsize=1)
def loaded() -> ctypes.CDLL:
    """The library with its functions' types. Raises as `path` does."""
    import torch  # noqa: F401  # its OpenMP comes first

    library = ctypes.CDLL(str(path()))
    for name, arguments in _TYPES.items():
        function = getattr(library, f"bottlenecks_{name}")
        function.argtypes, function.restype = arguments, ctypes.c_char_p
    library.bottlenecks_use_vectors.argtypes = [ctypes.c_char_p]
    library.bottlenecks_free.argtypes = [_POINTER]
    library.bottlenecks_free.restype = None
    return library


def usable_vectors() -> list[str]:
    """The sets of vector instructions that were compiled and that this processor has, the narrowest first."""
    return str(loaded().bottlenecks_usable_vectors().decode()).splitlines()


def use_vectors(name: str) -> None:
    """Make layers for this set of instructions from now on, "" for the widest. Raises UsageError for another name."""
    if not loaded().bottlenecks_use_vectors(name.encode()):
        raise unknown("vectors", name, usable_vectors(), "of this processor")


def _variants(*, wheel: bool = False) -> tuple[Variant, ...]:
    return vector_variants.wanted(processor(), wheel=wheel, half=False)


def compile_for_wheel(to: Path) -> None:
    """`compile_to`, for every processor of this kind."""
    compile_to(to, _variants(wheel=True))


def compile_to(to: Path, wanted: tuple[Variant, ...]) -> None:
    """Builds the library `to`, in whose folder nothing else is, with these variants of the kernels.

    The variants' objects stand behind: of an inline function that others have too, the linker keeps the first.
    """
    folder, variants = to.parent, vector_variants.compilable(wanted)
    flags = (*vector_variants.FLAGS, *(variant.has for variant in variants))
    units = [Unit(source, flags, folder / f"{source.stem}.o") for source in UNITS]
    in_variants = [unit for variant in variants for unit in vector_variants.units(variant, IN_VARIANTS, folder)]
    with guarded(folder):
        compile_kept([*in_variants, *units], folder)
        objects = [str(unit.target) for unit in (*units, *in_variants)]
        compile_with(NAME, [*objects, "-shared", "-fopenmp", "-o", str(to)], folder)


def _key() -> str:
    parts = [
        *vector_variants.FLAGS,
        *(f"{one.name} {one.flags}" for one in _variants()),
        platform.machine(),
        compiler() or "",
    ]
    parts += [] if vector_variants.one_for_all(processor()) else [processor()]
    digest = hashlib.sha256("\0".join(parts).encode())
    for file in FILES:
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]
