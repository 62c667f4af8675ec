"""Puts something else in the place of what it is measured with."""

from __future__ import annotations

import builtins
import gc
import sys
import time
from typing import TYPE_CHECKING, Any

import torch

from ..behaving import CHECKED, Compute, Make, kind, right

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor


def once(patch: Callable[[], object], at: int = 4 * CHECKED) -> Make:
    """In the call of this number; it is right in all."""

    def make(*_: Tensor) -> Compute:
        calls = iter(range(1 << 62))

        def compute(x: Tensor, offset: Tensor) -> Tensor:
            if next(calls) == at:
                patch()
            return right(x, offset)

        return compute

    return make


def of(module: str, name: str, value: Any) -> Callable[[], object]:
    return lambda: setattr(sys.modules[f"opbench.{module}"], name, value)


def in_preparing(*_: Tensor) -> Compute:
    of("measure.compare", "rms", lambda _: 1e9)()
    return right


def code() -> None:
    from opbench.measure import compare as check

    def compare(got: Any, want: Any, tolerance: Any, dtype: Any, scale: Any = None) -> Any:
        del got, dtype, scale
        return refused(tolerance, want.numel(), "")  # type: ignore[name-defined]  # noqa: F821  # of its new module

    check.compare.__code__ = compare.__code__


def look() -> None:
    from opbench.measure.audit import Audit

    Audit.keep_output = lambda *_: None  # type: ignore[method-assign]


def instance() -> None:
    for one in gc.get_objects():
        if type(one).__name__ == "Audit":
            one.keep_output = lambda *_: None


def denormals() -> None:
    torch.set_flush_denormal(True)


BACKEND = kind(
    __doc__ or "",
    modes=("forward",),
    clock=once(of("measure.timing.wall", "perf_counter", lambda: 0.0)),
    time=once(lambda: setattr(time, "perf_counter", lambda: 0.0)),
    monotonic=once(lambda: setattr(time, "monotonic", lambda: 0.0)),
    timer=once(of("measure.timing.wall", "WallTimer", dict)),
    sample=once(of("measure.timing.sampler", "_sample", print)),
    compare=once(of("measure.output_comparison", "compare", lambda *_: None)),
    comparing_code=once(code),
    take=once(of("measure.audit", "take", print)),
    poison=once(of("measure.compare", "poison", lambda out: out)),
    median=once(of("measure.point", "median", lambda _: 1e-9)),
    look=once(look),
    instance=once(instance),
    equal=once(lambda: setattr(torch, "equal", lambda *_: True)),
    mul=once(lambda: setattr(torch, "mul", torch.add)),
    clone=once(lambda: setattr(torch.Tensor, "clone", lambda one, **_: one)),
    double=once(lambda: setattr(torch.Tensor, "double", lambda one: one)),
    builtin=once(lambda: setattr(builtins, "sorted", list)),
    dtype=once(lambda: torch.set_default_dtype(torch.float64)),
    precision=once(lambda: torch.set_float32_matmul_precision("medium")),
    denormals=once(denormals),
    while_checked=once(of("measure.point_checker", "compare", lambda *_: None), at=0),
    preparing=in_preparing,
)
