"""Loops in C++ over vectors of 64 bytes, several streams side by side, stores past the caches where that pays."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from impls.machine.arithmetic import FACTOR, TERM
from impls.machine.library import address, from_memory, function, why_not
from impls.machine.memory import VALUE, passes
from impls.machine.stores import squares
from opbench import Backend
from opbench.errors import UsageError

if TYPE_CHECKING:
    import torch

    from opbench import Inputs, Launch, Point

_CHAINS = {"float32": "chain_float", "float64": "chain_double"}


def _read(point: Point, inputs: Inputs, out: torch.Tensor | None) -> Launch:
    x, read = inputs["x"], function("read")
    assert out is not None
    where, count, times, far = address(x), x.numel(), passes(point), from_memory(point.axes["kib"] << 10)

    def launch() -> torch.Tensor:
        out[0] = read(where, count, times, far)
        return out

    return launch


def _write(point: Point, _: Inputs, out: torch.Tensor | None) -> Launch:
    assert out is not None
    far = from_memory(point.axes["kib"] << 10)
    return partial(_then, out, partial(function("write"), address(out), out.numel(), passes(point), far, VALUE))


def _copy(point: Point, inputs: Inputs, out: torch.Tensor | None) -> Launch:
    assert out is not None
    x, far = inputs["x"], from_memory(point.axes["kib"] << 10)
    return partial(_then, out, partial(function("copy"), address(x), address(out), x.numel(), passes(point), far))


def _multiply_add(point: Point, inputs: Inputs, _: torch.Tensor | None) -> Launch:
    if point.dtype not in _CHAINS:
        raise UsageError(f"has chains of {', '.join(_CHAINS)}, not {point.dtype}: this CPU computes that in float32")
    x, chain, steps = inputs["x"], function(_CHAINS[point.dtype]), point.axes["steps"]

    def launch() -> torch.Tensor:
        values = x.clone()
        chain(address(values), values.numel(), steps, FACTOR, TERM)
        return values

    return launch


def _empty_launch(_: Point, inputs: Inputs, __: torch.Tensor | None) -> Launch:
    return partial(_then, inputs["x"], function("meet"))


def _fresh_pages(point: Point, inputs: Inputs, _: torch.Tensor | None) -> Launch:
    touch, pages = function("touch"), point.axes["pages"]

    def launch() -> torch.Tensor:
        if touch(pages) != pages:
            raise MemoryError(f"the system has no {pages} fresh pages to give")
        return inputs["x"]

    return launch


def _then(result: torch.Tensor, call: Callable[[], object]) -> torch.Tensor:
    call()
    return result


def _stores(point: Point, inputs: Inputs, out: torch.Tensor | None) -> Launch:
    assert out is not None
    far = from_memory(point.axes["kib"] << 10)
    return partial(_then, out, partial(squares, inputs["x"], address(out), out.numel(), far))


_PREPARE: dict[str, Callable[[Point, Inputs, torch.Tensor | None], Launch]] = {
    "memory_read": _read,
    "memory_write": _write,
    "memory_copy": _copy,
    "stores": _stores,
    "multiply_add": _multiply_add,
    "empty_launch": _empty_launch,
    "fresh_pages": _fresh_pages,
}


def prepare(point: Point, inputs: Inputs, out: torch.Tensor | None, _: str) -> Launch:
    if point.operator not in _PREPARE:
        raise UsageError(f"has {', '.join(_PREPARE)}, not {point.operator}")
    return _PREPARE[point.operator](point, inputs, out)


BACKEND = Backend(
    about="C++ loops on all threads",
    prepare=prepare,
    devices=frozenset({"cpu"}),
    modes=frozenset({"forward", "out"}),
    unavailable=why_not,
)
