"""A kernel of ours on a device of `opbench.ptx`: its PTX, kept on disk because Numba takes seconds to make it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, is_dataclass
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

from impls.cross_hadamard.gpu.kept_ptx import kept
from impls.cross_hadamard.gpu.numba_kernels.language.target import types
from opbench.ptx.compilers.numba_compiler import compiled, toolkit

if TYPE_CHECKING:
    from torch import Tensor

    from opbench import ptx

SOURCES = Path(__file__).parents[1]


def launch(
    device: ptx.Device, kernel: Any, grid: Any, block: Any, arguments: tuple[Tensor | int | None, ...], shared: int
) -> None:
    """As `stream_launch.launch`. Raises MachineError without NVVM, KernelError for what a thread must not do."""
    text = _ptx(kernel, len(arguments), device.properties.architecture)
    device.launch(text, None, grid, block, [0 if each is None else each for each in arguments], shared=shared)


@lru_cache(maxsize=1024)
def _ptx(kernel: Any, count: int, architecture: str) -> str:
    releases = [f"{package} {version(package)}" for package in ("numba-cuda", "numba", "llvmlite")]
    parts = [*releases, str(toolkit()), architecture, str(count), described(kernel)]
    make: Callable[[], str] = lambda: compiled(  # noqa: E731
        kernel.py_func, (types.int64,) * count, architecture, kernel.targetoptions
    )
    return kept(parts, sorted(SOURCES.rglob("*.py")), make)


def described(value: Any) -> str:
    """What a function closes over, all the way down, as text that is the same in every process.

    Raises TypeError for a value that it does not know: two kernels must not be taken for one.
    """
    if hasattr(value, "py_func"):
        return described(value.py_func)
    if hasattr(value, "_defn"):  # an intrinsic of Numba's
        return described(value._defn)  # noqa: SLF001
    if isinstance(value, FunctionType):
        inner = ", ".join(described(cell.cell_contents) for cell in value.__closure__ or ())
        return f"{value.__module__}.{value.__qualname__}({inner})"
    if is_dataclass(value) and not isinstance(value, type):
        return f"{type(value).__name__}({', '.join(described(getattr(value, each.name)) for each in fields(value))})"
    return _plain(value)


def _plain(value: Any) -> str:
    if isinstance(value, tuple | list):
        return f"[{', '.join(map(described, value))}]"
    if isinstance(value, type | ModuleType):
        return value.__name__
    if value is None or isinstance(value, int | float | str | np.generic):
        return repr(value)
    if type(value).__module__.startswith(("numba.", "llvmlite.")):
        return str(value)
    raise TypeError(f"cannot tell a kernel by {value!r}, which it closes over")
