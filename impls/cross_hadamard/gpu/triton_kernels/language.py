"""What every kernel here is made with: a typed `@kernel`, and one way to launch.

Triton compiles a kernel again for an integer that is 1, and again for one divisible by 16. Sizes change with every
shape, so `@kernel` turns that off for parameters annotated `int`; what the compiler must know to use 16-byte
accesses is given to it as a `tl.constexpr` vector width that sizes are multiplied by.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any
from unittest import mock

import numpy as np
import torch
import triton
import triton.language as tl
from triton.runtime import interpreter
from triton.runtime.interpreter import InterpretedFunction

if TYPE_CHECKING:
    from torch import Tensor

LARGEST_GRID = 2**31 - 1
"""Programs along the first axis of a grid; 65535 along the others."""
LARGEST_SIDE_GRID = 65535


def kernel(function: Callable[..., Any]) -> Any:
    """`triton.jit`, with no specialisation on the values of parameters annotated `int`."""
    sizes = [name for name, kind in function.__annotations__.items() if kind == "int"]
    return triton.jit(function, do_not_specialize=sizes)


def accumulator(dtype: torch.dtype) -> tl.dtype:
    """The dtype products are made in: float64 for float64, else float32 (exact for products of the 16-bit types)."""
    return tl.float64 if dtype == torch.float64 else tl.float32


def operand(dtype: torch.dtype, compiled: Any) -> tl.dtype:
    """What tensors of a floating dtype are multiplied as by the `tl.dot` of a kernel: their dtype.

    Under the interpreter bfloat16 is multiplied as float32, exactly: its `tl.dot` takes bfloat16's bits for integers
    (triton-lang/triton#11584).
    """
    names = {torch.float32: tl.float32, torch.float64: tl.float64, torch.float16: tl.float16}
    return names.get(dtype, tl.float32 if isinstance(compiled, InterpretedFunction) else tl.bfloat16)


def launch(
    compiled: Any, grid: tuple[int, ...], on: Tensor, arguments: tuple[Any, ...], fixed: Mapping[str, Any]
) -> None:
    """Run `compiled` over `grid` on the device of `on`, on torch's current stream.

    fixed: the kernel's `tl.constexpr` parameters, and `num_warps`.
    One stage: Triton runs ahead of the loads of a matrix product alone. Of the kernels with products in a loop there is
    one, Poly-SA's `gate_sums`, and there more stages, which take shared memory each, have not been timed on a device.
    """
    with _surroundings(compiled, on):
        compiled[grid](*arguments, **fixed, num_stages=1)


def _surroundings(compiled: Any, on: Tensor) -> AbstractContextManager[object]:
    if isinstance(compiled, InterpretedFunction):
        return _interpreting()
    if on.is_cuda and on.device.index != torch.cuda.current_device():
        return torch.cuda.device(on.device)
    return nullcontext()


@contextmanager
def _interpreting() -> Iterator[None]:
    """NumPy warns where IEEE arithmetic overflows or makes a NaN; a GPU does the same arithmetic in silence.

    And the interpreter replaces the functions of `triton.language` by its own at every call of a device function, not
    only at a launch: all but the first time of a launch there is nothing left to replace.
    """
    patch: Any = getattr(interpreter, "_patch_lang", None)  # its own; were it renamed, launches would only be slow
    done: dict[frozenset[int], Any] = {}

    def once(function: Callable[..., Any]) -> Any:
        languages = frozenset(id(one) for one in function.__globals__.values() if one is tl or one is tl.core)
        if languages not in done:
            done[languages] = patch(function)
        return done[languages]

    with np.errstate(all="ignore"), mock.patch.object(interpreter, "_patch_lang", once) if patch else nullcontext():
        yield
