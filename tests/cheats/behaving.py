"""A backend from one function: what each cheat is, apart from its lie."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeAlias

from opbench import Backend

if TYPE_CHECKING:
    from torch import Tensor

    from opbench import Inputs, Launch, Point

Compute: TypeAlias = "Callable[[Tensor, Tensor], Any]"
Make: TypeAlias = "Callable[[Tensor, Tensor], Compute]"

SCRIPTED = "CHEATS_MOVE_THE_CLOCK"
"""Set in a measuring process's environment: its wall clock then is moved by the cheats' calls and by nothing else.

The operators of the cheats import this, so that it is so before what measures is noted.
"""

_spent_s = [0.0]


def _script_the_clock() -> None:
    from opbench.measure.timing import wall

    vars(wall)["perf_counter"] = lambda: _spent_s[0]


if SCRIPTED in os.environ and "pytest" not in sys.modules:
    _script_the_clock()


def backend(make: Callable[[Tensor, Tensor], Compute], *, untouched: bool = False, call_s: float = 1e-3) -> Backend:
    """make(x, offset), called in prepare, returns what is called as compute(x, offset) in every launch.

    In mode `out` its result is copied into the given tensor, unless `untouched`. call_s: what a call takes by a clock
    that is SCRIPTED.
    """

    def prepare(_: Point, inputs: Inputs, out: Tensor | None, schedule: str) -> Launch:
        del schedule
        x, offset = inputs["x"], inputs["offset"]
        compute = make(x, offset)

        def launch() -> Tensor:
            _spent_s[0] += call_s
            if out is not None and untouched:
                return out
            result = compute(x, offset)
            return result if out is None else out.copy_(result)

        return launch

    return Backend(about="for the tests", prepare=prepare, modes=frozenset({"forward", "out"}))


def kind(about: str, modes: Iterable[str] = ("forward", "out"), **cheats: Make) -> Backend:
    """Several cheats of one kind in one file: each is a schedule of the backend. make(x, offset) as for `backend`.

    In mode `backward` x is the gradient that arrives.
    """

    def prepare(_: Point, inputs: Inputs, out: Tensor | None, schedule: str) -> Launch:
        x, offset = inputs["grad"] if "grad" in inputs else inputs["x"], inputs["offset"]
        compute = cheats[schedule](x, offset)

        def launch() -> Tensor:
            result = compute(x, offset)
            return result if out is None or result is out else out.copy_(result)

        if out is not None and hasattr(compute, "given"):
            compute.given = out
        return launch

    return Backend(about=about, prepare=prepare, modes=frozenset(modes), schedules=tuple(cheats))


def right(x: Tensor, offset: Tensor) -> Tensor:
    return 2 * x + offset


CHECKED = 6
"""Calls until a backend is checked, at most."""


def later(compute: Compute) -> Make:
    """Right while it is checked; `compute` ever after."""

    def make(*_: Tensor) -> Compute:
        calls = iter(range(1 << 62))
        return lambda x, offset: right(x, offset) if next(calls) < CHECKED else compute(x, offset)

    return make


def numbered(compute: Callable[[int, Tensor, Tensor], Tensor]) -> Make:
    """compute(number of the call since it was checked, x, offset); right until then."""

    def make(*_: Tensor) -> Compute:
        calls = iter(range(-CHECKED, 1 << 62))

        def numbering(x: Tensor, offset: Tensor) -> Tensor:
            number = next(calls)
            return right(x, offset) if number < 0 else compute(number, x, offset)

        return numbering

    return make


def spend(seconds: float) -> None:
    """Moves the clock that is SCRIPTED, or that a test put in its place."""
    _spent_s[0] += seconds


def spent_s() -> float:
    return _spent_s[0]


def writing(text: bytes) -> Callable[[Tensor, Tensor], Compute]:
    """Computes right, and writes the text to every pipe it finds, its process's answers among them."""

    def compute(x: Tensor, offset: Tensor) -> Tensor:
        for descriptor in range(3, 256):
            with suppress(OSError):
                if stat.S_ISFIFO(os.fstat(descriptor).st_mode):
                    os.write(descriptor, text)
        return 2 * x + offset

    return lambda *_: compute
