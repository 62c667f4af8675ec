"""The C++ kernels for the CPU, built on first use: an operator of namespace `opbench_hadamard` as a typed function.

Pure kernels: they track no gradient and know no fake tensors.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from impls.cross_hadamard.cpp_kernels import CORE, VECTORS
from impls.hadamard_transform.matrices import of_order
from impls.hadamard_transform.orders import factored
from impls.native import load
from impls.torch_interface.errors import typed
from opbench.caches import CacheUse, known

if TYPE_CHECKING:
    from torch import Tensor

    from impls.hadamard_transform.backend_entry import Call

NAME = "opbench_hadamard"
_CSRC = Path(__file__).parent / "csrc"
_SHARED = Path(__file__).parents[1] / "cross_hadamard" / "csrc"
SOURCES = (
    *sorted(file for file in _CSRC.glob("*") if file.suffix in {".cpp", ".h"}),
    *VECTORS,
)
IN_VARIANTS = (*sorted((_CSRC / "variant").glob("*")), *CORE, _SHARED / "variant" / "openmp.h")
"""Compiled once for each set of vector instructions; registers, memory and threads are those of the products."""


@lru_cache(maxsize=1)
def operators() -> Any:
    """`torch.ops.opbench_hadamard`, built (once per machine) and loaded if it was not.

    Raises MachineError with the compiler's last words when it does not build.
    """
    import torch

    library = load(NAME, SOURCES, IN_VARIANTS)
    _tell_caches(library, known(torch.get_num_threads()))
    return library


@lru_cache(maxsize=1)
def _overloads() -> tuple[Any, Any]:
    library = operators()
    return library.transform.default, library.transform_out.default


def use_caches(use: CacheUse) -> None:
    """Let stores go around the caches from the sizes that `use` says on; at first it is what `known` answers."""
    _tell_caches(operators(), use)


def _tell_caches(library: Any, use: CacheUse) -> None:
    library.use_stream_from(use.stream_fresh_bytes, use.stream_reused_bytes)


def transform(call: Call) -> Tensor:
    """The call's result, summed in float32 (float64) and rounded once; `out` may be strided, or x itself.

    Raises ValueError or TypeError for tensors that do not fit.
    """
    order, _ = factored(call.block)
    matrix = None if order == 1 else of_order(order)
    if matrix is not None and call.transposed:
        matrix = matrix.T
    arguments = (call.x, call.before, call.after, matrix, call.block, order, call.scale)
    fresh, given = _overloads()
    try:
        if call.out is None:
            result: Tensor = fresh(*arguments)
            return result
        given(*arguments, call.out)
    except RuntimeError as exc:
        raise typed(exc) from None
    return call.out
