"""PyTorch's own operators: what needs no compiler, on a CPU and on a GPU."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import torch

from impls.machine.memory import VALUE, passes
from opbench import Backend
from opbench.errors import UsageError

if TYPE_CHECKING:
    from opbench import Inputs, Launch, Point

SMALLEST_KIB = {"cpu": 4096, "cuda": 4096}
"""Below, a call that goes over the working set once is mostly a call: 4 MiB take 20 us from a last-level cache."""


def _read(_: Point, inputs: Inputs, out: torch.Tensor) -> Callable[[], object]:
    return partial(torch.amax, inputs["x"], 0, keepdim=True, out=out)


def _write(_: Point, __: Inputs, out: torch.Tensor) -> Callable[[], object]:
    return partial(out.fill_, VALUE)


def _copy(_: Point, inputs: Inputs, out: torch.Tensor) -> Callable[[], object]:
    return partial(out.copy_, inputs["x"])


_MEMORY = {"memory_read": _read, "memory_write": _write, "memory_copy": _copy}


def _over_and_over(point: Point, inputs: Inputs, out: torch.Tensor) -> Launch:
    if point.axes["kib"] < SMALLEST_KIB[point.device]:
        raise UsageError(f"goes over {SMALLEST_KIB[point.device]} KiB and more: a smaller one costs less than its call")
    once, times = _MEMORY[point.operator](point, inputs, out), range(passes(point))

    def launch() -> torch.Tensor:
        for _ in times:
            once()
        return out

    return launch


def prepare(point: Point, inputs: Inputs, out: torch.Tensor | None, _: str) -> Launch:
    if out is not None and point.operator in _MEMORY:
        return _over_and_over(point, inputs, out)
    if point.operator == "matrix_multiply":
        return partial(torch.matmul, inputs["left"], inputs["right"])
    if point.operator == "empty_call" and point.device == "cpu":
        return inputs["x"].detach  # 0.37 us on an EPYC 9004; as torch.ops.aten.detach.default 1.1, a copy_ takes 0.78
    if point.operator == "empty_launch" and point.device == "cuda":
        return partial(_empty_kernel, inputs["x"])
    raise UsageError(f"has no {point.operator} on {point.device}")


def _empty_kernel(x: torch.Tensor) -> torch.Tensor:
    spin: Callable[[int], object] = torch.cuda._sleep  # noqa: SLF001  # the only kernel it has that touches no memory
    spin(0)
    return x


BACKEND = Backend(
    about="PyTorch's own operators",
    prepare=prepare,
    kind="framework",
    modes=frozenset({"forward", "out"}),
)
