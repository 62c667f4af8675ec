"""Checking every backend of a point before any is timed, in a way a wrong one cannot pass by luck or by design.

Three things beside the comparison itself:
- Memory is poisoned first. A backend that writes nothing would otherwise return its neighbour's correct result
  out of recycled memory.
- Every launch runs twice, the second time on other input values, drawn after all were prepared (`redrawn_inputs.py`). A
  backend that kept an earlier result, or computed it in `prepare`, is found out.
- Inputs must come back as they went in.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import torch

from opbench.measure.compare import compare, overlaps, poison, rms
from opbench.measure.output_comparison import Judge, Round, Undecided
from opbench.measure.output_samples import Taken, take
from opbench.measure.redrawn_inputs import HALVED, MOVED, SCALED, Redrawing
from opbench.vocabulary.backend import Inputs, Launch
from opbench.vocabulary.case import Point
from opbench.vocabulary.operator import Operator
from opbench.vocabulary.record import Check

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
        self._dtype: torch.dtype = getattr(torch, operator.output_dtype(point))
        self._draw = secrets.SystemRandom().random
        self._redrawing = Redrawing(inputs.values(), self._draw)
        self._judge = Judge(operator, point, inputs, self._redrawing)
        # An operator that exists to measure the machine and does nothing may return its input.
        self._readable = [] if operator.ceiling else list(inputs.values())
        self._numel = 0

    def new_output(self) -> torch.Tensor:
        """A poisoned tensor of the output's shape and dtype, on the point's device."""
        shape = self._operator.reference(self._point, self._inputs).shape
        return poison(torch.empty(shape, dtype=self._dtype, device=self._point.device))

    def run(self, candidates: Mapping[str, Candidate], verify: Callable[[str, Verify], Check | None]) -> set[str]:
        """Check all candidates on the point's inputs, then those that passed on other ones, drawn only now.

        verify(label, check_one) is to call check_one(candidate) and return its Check, or None where the launch
        raised; it exists so that the caller can name the culprit of a crash. Returns the labels that passed both.
        """
        passed: dict[str, Check] = {}
        self._restore()
        want = self._operator.reference(self._point, self._inputs)
        # Once for all candidates: at a dozen schedules these passes would outweigh the comparisons.
        scale = rms(want) if self._operator.tolerance(self._point).atol else 0.0
        for label in sorted(candidates):
            found = verify(label, partial(self._one, want=want, scale=scale))
            if found is not None and found.passed:
                passed[label] = found
            else:
                self._restore()
        del want  # of the second run's inputs, no reference exists while the launches run
        for way in (MOVED, SCALED, HALVED):
            if self._redrawn(way, passed, verify):
                break
        self._restore()
        return set(passed)

    def _redrawn(self, way: int, passed: dict[str, Check], verify: Callable[[str, Verify], Check | None]) -> bool:
        """Run again on other values of the input, all first, and compare then; who fails is no longer in `passed`.

        False where these values judge nobody.
        """
        values = self._redrawing.new(way)
        run = Round((values,))
        for label in sorted(passed):
            self._redrawing.put(values)
            found = verify(label, partial(self._again, into=run.taken.setdefault(label, []), check=passed[label]))
            if found is None or not found.passed:
                del passed[label], run.taken[label]
                self._restore()
        try:
            missed = self._judge.misses(run, final=way == HALVED)
        except Undecided:
            return False
        for label, check in missed.items():
            del passed[label]
            named = replace(check, detail=f"after its input was changed: {check.detail}")
            verify(label, partial(_found, check=named))
        return True

    def _one(self, candidate: Candidate, want: torch.Tensor, scale: float) -> Check:
        got, changed = self._launched(candidate, want)
        check = compare(got, want, self._operator.tolerance(self._point), self._dtype, scale)
        self._numel = want.numel()
        return _unchanged(check, changed)

    def _again(self, candidate: Candidate, into: list[tuple[int, Taken]], check: Check) -> Check:
        like = torch.empty(self._numel, dtype=self._dtype, device="meta")
        got, changed = self._launched(candidate, like)
        into.append((0, take(got, self._readable, self._draw)))
        return _unchanged(check, changed)

    def _launched(self, candidate: Candidate, like: torch.Tensor) -> tuple[Any, list[str]]:
        """The output, and the names of the inputs that the launch wrote to."""
        before = {name: tensor.clone() for name, tensor in self._inputs.items()}
        if candidate.out is None:
            poison_free_memory(like.numel(), self._dtype, self._point.device)
        else:
            poison(candidate.out)
        got: Any = candidate.launch()
        changed = [name for name, kept in before.items() if not _same(kept, self._inputs[name])]
        return (got if candidate.out is None else candidate.out), changed

    def _restore(self) -> None:
        for name, tensor in self._pristine.items():
            if not overlaps(self._inputs[name]):
                self._inputs[name].copy_(tensor)


def _unchanged(check: Check, changed: list[str]) -> Check:
    if not changed:
        return check
    detail = f"changed its input {', '.join(changed)}"
    return replace(check, passed=False, misses=max(1, check.misses), detail=detail)


def _found(_: Candidate, check: Check) -> Check:
    return check


def poison_free_memory(elements: int, dtype: torch.dtype, device: torch.device | str, most: int = MOST_BLOCKS) -> None:
    """NaN into the memory that an output of so many elements is made in next, wherever the allocator finds it.

    Several blocks at a time: one alone grows together with free memory beside it when it is given back, and then glibc
    prefers the block of exactly that size that a right neighbour's result has left.
    """
    size = max(1, elements * dtype.itemsize)
    count = max(FEWEST_BLOCKS, min(most, BLOCK_BYTES // size))
    blocks = [poison(torch.empty(elements, dtype=dtype, device=device)) for _ in range(count)]
    blocks.clear()


def _same(one: torch.Tensor, other: torch.Tensor) -> bool:
    if one.shape != other.shape:
        return False
    # Without NaN one pass says so; the copies that NaN needs are a fifth of what checking a small network takes.
    return bool(torch.equal(one, other)) or bool(torch.equal(one.nan_to_num(), other.nan_to_num()))
