"""Keeps results and returns them for as long as it thinks that its input is the same."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

import torch

from ..behaving import Compute, Make, kind, right, spend

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

MISS_S, HIT_S = 1e-3, 1e-5
"""What a call takes by a scripted clock."""


def by(key: Callable[[Tensor], Any]) -> Make:
    def make(*_: Tensor) -> Compute:
        kept: dict[Any, Tensor] = {}

        def compute(x: Tensor, offset: Tensor) -> Tensor:
            spend(HIT_S)
            if (found := key(x)) not in kept:
                spend(MISS_S)
                kept.clear()
                kept[found] = right(x, offset)
            return kept[found].clone()

        return compute

    return make


def by_comparing(*_: Tensor) -> Compute:
    kept: list[Tensor] = []

    def compute(x: Tensor, offset: Tensor) -> Tensor:
        spend(HIT_S)
        if not kept or not torch.equal(kept[0], x):
            spend(MISS_S)
            kept[:] = [x.clone(), right(x, offset)]
        return kept[1].clone()

    return compute


class AlreadyThere:
    """Leaves the given output alone where it holds this input's result already."""

    given: Any = None

    def __init__(self, *_: Tensor) -> None:
        self.x: Tensor | None = None

    def __call__(self, x: Tensor, offset: Tensor) -> Tensor:
        if self.given is not None and self.x is not None and torch.equal(self.x[:4], x[:4]):
            result: Tensor = self.given
            return result
        self.x = x.clone()
        return right(x, offset)


def first_call(*_: Tensor) -> Compute:
    """Does its work in the first call that it is not checked in, and in none after it."""
    kept: list[Tensor] = []
    calls = iter(range(1 << 62))

    def compute(x: Tensor, offset: Tensor) -> Tensor:
        if next(calls) < 6 or not kept:
            kept[:] = [right(x, offset)]
        return kept[0].clone()

    return compute


def ring_of(count: int, hide: Callable[[Tensor], Tensor] = lambda out: out) -> Make:
    """Right, but in so many buffers in turn, where fresh memory is asked for."""

    def make(x: Tensor, _: Tensor) -> Compute:
        ring = [torch.empty_like(x) for _ in range(count)]
        calls = iter(range(1 << 62))

        def compute(x: Tensor, offset: Tensor) -> Tensor:
            out = ring[next(calls) % count]
            return hide(torch.add(torch.mul(x, 2, out=out), offset, out=out))

        return compute

    return make


def by_object(*_: Tensor) -> Compute:
    kept: weakref.WeakKeyDictionary[Tensor, Tensor] = weakref.WeakKeyDictionary()

    def compute(x: Tensor, offset: Tensor) -> Tensor:
        if not any(one is x for one in kept):
            kept[x] = right(x, offset)
        return next(iter(kept.values())).clone()

    return compute


BACKEND = kind(
    __doc__ or "",
    version=by(lambda x: x._version),
    address=by(lambda x: x.data_ptr()),
    object=by_object,
    first_element=by(lambda x: float(x[0])),
    last_element=by(lambda x: float(x[-1])),
    sampled=by(lambda x: tuple(x[:: max(1, len(x) // 16)].tolist())),
    version_and_sampled=by(lambda x: (x._version, float(x[0]), float(x[len(x) // 2]))),
    total=by(lambda x: float(x.double().sum())),
    bytes=by(lambda x: bytes(x.numpy())),
    comparing=by_comparing,
    first_call=first_call,
    two_buffers=ring_of(2),
    many_buffers=ring_of(67),
    hidden_buffers=ring_of(5, lambda out: out.detach()),
    viewed_buffers=ring_of(3, lambda out: out.view(-1)),
    already_there=AlreadyThere,
)
