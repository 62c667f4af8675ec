"""Our operations at points at which faults show: odd sizes, last blocks that are not full, tensors beyond 32 bits, and
an index that names a channel which is not there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch

from impls.cross_hadamard.gpu import nvcc_ptx, nvrtc
from opbench import ptx

COMPILERS = "triton", "nvrtc", "numba", "nvcc"
SCHEDULES = "direct", "balanced", "blocked", "flat"
DTYPES = {
    "triton": (torch.float32, torch.float32, torch.float32, torch.float64),
    "nvrtc": (torch.float32, torch.float64, torch.bfloat16, torch.float16),
    "numba": (torch.float32, torch.float64, torch.bfloat16, torch.float16),
    "nvcc": (torch.float16, torch.bfloat16, torch.float64, torch.float32),
}
"""Of the schedules' forward products."""
SMALL, MIDDLE, LARGE = (2, 5, 7, 7), (3, 19, 9, 13), (43, 2056, 7, 7)
WIDE, WIDER = (1, 6, 20, 20), (1, 4650, 20, 20)
"""(B, C, H, W). The pairs of the largest have more than 2^32 elements; their maps are those of the small ones, so that
compilers' texts are the same where a plan does not go by the number of channels.
"""


@dataclass(frozen=True)
class Run:
    """large: whether only some of its blocks can be run."""

    name: str
    large: bool
    start: Callable[[], object]


@dataclass(frozen=True)
class Operation:
    """exact: whether its values are rounded once. runs: the small one first."""

    name: str
    dtype: str
    exact: bool
    runs: list[Run]


def operations(compiler: str) -> Iterator[Operation]:
    """All that is recorded. Raises ImportError or MachineError where the compiler is not here."""
    launcher = launcher_of(compiler)
    for schedule, dtype in zip(SCHEDULES, DTYPES[compiler], strict=True):
        runs = _runs((SMALL, MIDDLE, LARGE), partial(_forward, launcher, schedule, dtype))
        yield Operation(schedule, str(dtype)[6:], True, runs)
    runs = _runs((WIDE, WIDER), partial(_forward, launcher, "blocked", torch.float32))
    yield Operation("blocked wide", "float32", True, runs)
    for name, start in (("backward", _backward), ("expand", _expand), ("expand_backward", _expand_backward)):
        runs = _runs((SMALL, MIDDLE, LARGE), partial(start, launcher))
        if name == "expand_backward":
            runs.append(Run("a channel missing", False, partial(_expand_backward, launcher, SMALL, missing=True)))
        yield Operation(name, "float32", False, runs)


def _runs(shapes: tuple[tuple[int, ...], ...], start: Callable[[tuple[int, ...]], object]) -> list[Run]:
    return [Run("x".join(map(str, shape)), shape in {LARGE, WIDER}, partial(start, shape)) for shape in shapes]


def _forward(launcher: Any, schedule: str, dtype: torch.dtype, shape: tuple[int, ...]) -> None:
    pairs = shape[1] * (shape[1] - 1) // 2
    launcher.forward(values(shape).to(dtype), None, _empty((shape[0], pairs, *shape[2:]), dtype), schedule)


def _backward(launcher: Any, shape: tuple[int, ...]) -> None:
    pairs = shape[1] * (shape[1] - 1) // 2
    x = values(shape)
    launcher.backward(_given((shape[0], pairs, *shape[2:]), seed=4), x, None, torch.empty_like(x))


def _expand(launcher: Any, shape: tuple[int, ...]) -> None:
    given, pairs = _parameters(shape)
    out = _empty((shape[0], shape[1] + pairs, *shape[2:]), torch.float32)
    launcher.expand(*given, "tanh", out, "flat")


def _expand_backward(launcher: Any, shape: tuple[int, ...], missing: bool = False) -> None:
    given, pairs = _parameters(shape)
    if missing:
        given[1][0, 1] = -1
    grad = _given((shape[0], shape[1] + pairs, *shape[2:]), seed=3)
    launcher.expand_backward(grad, *given, "tanh", torch.empty_like(given[0]))


def _parameters(shape: tuple[int, ...]) -> tuple[tuple[torch.Tensor, ...], int]:
    """x, index, alpha, weight and bias, and how many pairs: of three channels, of all where there are many."""
    batch, channels, *_ = shape
    chosen = 3 if channels < 10 else channels
    pairs = chosen * (chosen - 1) // 2
    generator = torch.Generator().manual_seed(5)
    index = torch.stack([torch.randperm(channels, generator=generator)[:chosen] for _ in range(batch)])
    return (values(shape), index, torch.tensor([0.5]), _given((pairs,), seed=1), _given((pairs,), seed=2)), pairs


def _empty(shape: tuple[int, ...], dtype: torch.dtype) -> torch.Tensor:
    """To be written. Of a small one it is known that nobody has."""
    lazy = torch.Size(shape).numel() > 1 << 24
    return ptx.lazy_zeros(shape, dtype) if lazy else torch.empty(shape, dtype=dtype)


def _given(shape: tuple[int, ...], seed: int) -> torch.Tensor:
    """Zeros of which what blocks read first and last is not, where there are too many."""
    count = torch.Size(shape).numel()
    if count <= 1 << 24:
        return values(shape, seed)
    lazy = ptx.lazy_zeros(shape)
    for part in (slice(0, 1 << 20), slice(count - (1 << 20), count)):
        lazy.view(-1)[part] = values((1 << 20,), seed)
    return lazy


def values(shape: tuple[int, ...], seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def launcher_of(compiler: str) -> Any:
    """Our kernels in that language. Raises ImportError or MachineError where it is not here."""
    if compiler == "triton":
        from impls.cross_hadamard.gpu.triton_kernels import operations as triton_operations

        return triton_operations
    if compiler == "numba":
        from impls.cross_hadamard.gpu import numba_kernels

        return numba_kernels
    from impls.cross_hadamard.gpu import cupy_kernels, nvcc_kernels

    if compiler == "nvcc":
        if nvcc_ptx.nvcc() is None:
            raise ImportError("no nvcc on the PATH")
        return nvcc_kernels
    if reason := nvrtc.why_not():
        raise ImportError(reason)
    return cupy_kernels
