"""A layer of the C++ library as a function of tensors: sizes checked, scratch kept, errors as UsageError."""

from __future__ import annotations

import ctypes
import threading
import weakref
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import torch

from impls.inference.library import loaded
from opbench.errors import UsageError

if TYPE_CHECKING:
    from torch import Tensor

Sizes: TypeAlias = "ctypes.Array[ctypes.c_int64]"
Shape: TypeAlias = tuple[int, ...]
Plan: TypeAlias = tuple[Sizes, Shape, int]
"""Sizes of x as the library has them, the output's shape, and bytes of scratch."""

PLANS = 16
"""Shapes and numbers of threads that a layer remembers its plans of."""

LINE = 64
"""Bytes of a cache line, on whose start scratch begins."""

_kept = threading.local()


class Layer:
    """One layer, or a network of them, as the functions of `layers` make them.

    image: whether x is an image, (batch, channels, height, width).
    chooses: how many channels it selects, of an `ach_bottleneck`.
    Several threads may call it at once. It takes part in no gradient.
    """

    def __init__(self, name: str, parts: Sequence[Layer] = (), *, image: bool = False, chooses: int = 0) -> None:
        self.name, self.image, self.chooses = name, image, chooses
        self.handle = ctypes.c_void_p()
        self._parts = tuple(parts)  # which have to outlive it
        self._plans: dict[tuple[Shape, int], Plan] = {}

    def made(self, *arguments: Any) -> Layer:
        """Itself, made by the library's function of its name from these. Raises UsageError with the library's words."""
        function = getattr(loaded(), f"bottlenecks_{self.name.removesuffix('_bottleneck')}")
        _check_told(function(ctypes.byref(self.handle), *arguments))
        weakref.finalize(self, loaded().bottlenecks_free, self.handle)
        return self

    def __call__(self, x: Tensor, out: Tensor | None = None, threads: int | None = None) -> Tensor:
        """(batch, height, width, channels) to the same of the layer's output; float32, contiguous, on the CPU.

        threads: `torch.get_num_threads()` where left out. `out` is written and returned where given, and may not share
        memory with x. Raises UsageError for another dtype, device, layout or size, and below one thread.
        """
        members = torch.get_num_threads() if threads is None else threads
        if members < 1:
            raise UsageError(f"threads is {threads}; expected at least 1")
        self._check(x)
        sizes, shape, count = self._planned(tuple(x.shape), members)
        if out is None:
            out = torch.empty(shape)
        else:
            check_plain(f"out of {self.name}", out, shape)
        _check_told(
            loaded().bottlenecks_run(self.handle, sizes, x.data_ptr(), out.data_ptr(), _scratch(count), members)
        )
        return out

    def selected(self, x: Tensor) -> Tensor:
        """The channels (batch, k) int64 that an `ach_bottleneck` chooses, the highest score first.

        Raises UsageError as a call does, and for a layer that chooses none.
        """
        self._check(x)
        sizes, _, count = self._planned(tuple(x.shape), 1)
        index = torch.empty(x.shape[0], self.chooses, dtype=torch.int64)
        _check_told(loaded().bottlenecks_choose(self.handle, sizes, x.data_ptr(), index.data_ptr(), _scratch(count)))
        return index

    def output_shape(self, shape: Sequence[int]) -> Shape:
        """The shape of the output for one of x. Raises UsageError where the layer does not take it."""
        return self._planned(tuple(shape), 1)[1]

    def _check(self, x: Tensor) -> None:
        if x.dim() != 4:
            order = "(batch, channels, height, width)" if self.image else "(batch, height, width, channels)"
            raise UsageError(f"x of {self.name} has shape {tuple(x.shape)}; expected {order}")
        check_plain(f"x of {self.name}", x, x.shape)

    def _planned(self, shape: Shape, members: int) -> Plan:
        found = self._plans.get((shape, members))
        if found is None:
            if len(self._plans) >= PLANS:
                self._plans.clear()
            found = self._plans[shape, members] = self._plan(shape, members)
        return found

    def _plan(self, shape: Shape, members: int) -> Plan:
        batch, *rest = shape
        sizes = (ctypes.c_int64 * 4)(batch, *(rest[1:] + rest[:1] if self.image else rest))
        found, count = (ctypes.c_int64 * 4)(), ctypes.c_int64()
        _check_told(loaded().bottlenecks_output(self.handle, sizes, found))
        _check_told(loaded().bottlenecks_scratch(self.handle, sizes, members, ctypes.byref(count)))
        return sizes, tuple(found), count.value


def check_plain(what: str, given: Tensor, shape: Sequence[int]) -> None:
    """Raises UsageError unless it is a contiguous float32 tensor on the CPU of this shape."""
    expected = f"(float32, cpu, {tuple(shape)}, contiguous)"
    strided = "contiguous" if given.is_contiguous() else f"strides {given.stride()}"
    came = f"({str(given.dtype).removeprefix('torch.')}, {given.device}, {tuple(given.shape)}, {strided})"
    if came != expected:
        raise UsageError(f"{what} is {came}; expected {expected}")


def _scratch(count: int) -> int:
    """The address of so many bytes on a cache line's start, which this thread keeps: fresh memory is faulted in page by
    page at every call.
    """
    buffer: Tensor | None = getattr(_kept, "buffer", None)
    if buffer is None or buffer.numel() < count + LINE:
        _kept.buffer = buffer = torch.empty(count + LINE, dtype=torch.uint8)
    return -(-buffer.data_ptr() // LINE) * LINE


def _check_told(told: bytes | None) -> None:
    if told is not None:
        raise UsageError(told.decode())
