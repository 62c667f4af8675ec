"""Checking every backend of a point before any is timed, in a way a wrong one cannot pass by luck or by design.

Three things beside the comparison itself:
- Memory is poisoned first. A backend that writes nothing would otherwise return its neighbour's correct result
  out of recycled memory.
- Every launch runs twice, the second time on other input values (the first floating-point input halved, which is
  exact in every format). A backend that kept an earlier result, or computed it in `prepare`, is found out.
- Inputs must come back as they went in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import torch

from opbench.check import compare, poison, rms

if TYPE_CHECKING:
    from opbench.backend import Launch
    from opbench.case import Point
    from opbench.operator import Inputs, Operator
    from opbench.record import Check


FEWEST_BLOCKS, MOST_BLOCKS, BLOCK_BYTES = 2, 8, 64 << 20
"""Blocks to poison at a time: as many as these bytes hold."""


@dataclass(frozen=True)
class Candidate:
    """A prepared launch; `out` is the tensor it writes into in mode `out`, else None."""

    launch: Launch
    out: torch.Tensor | None


Verify = Callable[[Candidate], "Check"]


class Checker:
    """Holds launches of one point against its float64 reference. The launches' inputs are `inputs` themselves."""

    def __init__(self, operator: Operator, point: Point, inputs: Inputs) -> None:
        self._operator, self._point, self._inputs = operator, point, inputs
        self._pristine = {name: tensor.clone() for name, tensor in inputs.items()}
        self._dtype: torch.dtype = getattr(torch, point.dtype)

    def new_output(self) -> torch.Tensor:
        """A NaN-filled tensor of the output's shape and the point's dtype, on the point's device."""
        shape = self._operator.reference(self._point, self._inputs).shape
        return poison(torch.empty(shape, dtype=self._dtype, device=self._point.device))

    def run(self, candidates: Mapping[str, Candidate], verify: Callable[[str, Verify], Check | None]) -> set[str]:
        """Check all candidates on the point's inputs, then those that passed on halved ones.

        verify(label, check_one) is to call check_one(candidate) and return its Check, or None where the launch
        raised; it exists so that the caller can name the culprit of a crash. Returns the labels that passed both.
        """
        passed = set(candidates)
        for halved in (False, True):
            self._restore(halved)
            want = self._operator.reference(self._point, self._inputs)
            # Once for all candidates: at a dozen schedules these passes would outweigh the comparisons.
            scale = rms(want) if self._operator.tolerance(self._point).atol else 0.0
            for label in sorted(passed):
                found = verify(label, partial(self._one, want=want, scale=scale, halved=halved))
                if found is None or not found.passed:
                    passed.discard(label)
                    self._restore(halved)
        self._restore(halved=False)
        return passed

    def _one(self, candidate: Candidate, want: torch.Tensor, scale: float, halved: bool) -> Check:
        before = {name: tensor.clone() for name, tensor in self._inputs.items()}
        if candidate.out is None:
            poison_free_memory(want, self._dtype)
        else:
            poison(candidate.out)
        got = candidate.launch()
        if candidate.out is not None and got is not candidate.out:
            got = candidate.out
        found = compare(got, want, self._operator.tolerance(self._point), self._dtype, scale)
        if not found.passed and halved:
            found = replace(found, detail=f"after its input was halved: {found.detail}")
        changed = [name for name, kept in before.items() if not _same(kept, self._inputs[name])]
        if changed:
            detail = f"changed its input {', '.join(changed)}"
            found = replace(found, passed=False, misses=max(1, found.misses), detail=detail)
        return found

    def _restore(self, halved: bool) -> None:
        for name, tensor in self._pristine.items():
            if not is_expanded(self._inputs[name]):
                self._inputs[name].copy_(tensor)
        first = next((one for one in self._inputs.values() if one.is_floating_point()), None)
        if halved and first is not None and not is_expanded(first):
            first.mul_(0.5)


def poison_free_memory(like: torch.Tensor, dtype: torch.dtype) -> None:
    """NaN into the memory that an output of this shape is made in next, wherever the allocator finds it.

    Several blocks at a time: one alone grows together with free memory beside it when it is given back, and then glibc
    prefers the block of exactly that size that a right neighbour's result has left.
    """
    size = max(1, like.numel() * dtype.itemsize)
    count = max(FEWEST_BLOCKS, min(MOST_BLOCKS, BLOCK_BYTES // size))
    blocks = [poison(torch.empty(like.shape, dtype=dtype, device=like.device)) for _ in range(count)]
    blocks.clear()


def is_expanded(tensor: torch.Tensor) -> bool:
    """Several elements share memory: such a tensor only carries a shape and cannot be written."""
    return any(stride == 0 and size > 1 for size, stride in zip(tensor.shape, tensor.stride(), strict=True))


def _same(one: torch.Tensor, other: torch.Tensor) -> bool:
    return one.shape == other.shape and bool(torch.equal(one.nan_to_num(), other.nan_to_num()))
