"""Every backend and schedule the contract is held against, found in the catalogue: another file joins by being there.

On the CPU what runs there natively, and the GPU backends under their simulators; on a GPU (`gpu` tests) all that run
on one. A backend whose library is not installed is skipped with that reason.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest
import torch

from impls.cross_hadamard.kernels import backends

if TYPE_CHECKING:
    from opbench import Backend

HAS_GPU = torch.cuda.is_available()


@dataclass(frozen=True)
class Subject:
    """`name` as the public functions take it, with its schedule; `simulated` ones get small shapes."""

    name: str
    device: str
    simulated: bool

    @property
    def stem(self) -> str:
        return self.name.partition(":")[0]


def _of(stem: str, schedules: bool) -> Iterator[tuple[Subject, list[Any]]]:
    try:
        backend: Backend = import_module(f"impls.cross_hadamard.backends.{stem}").BACKEND
    except ModuleNotFoundError as exc:
        yield Subject(stem, "cpu", simulated=False), [pytest.mark.skip(reason=f"{exc.name} is not installed")]
        return
    names = [f"{stem}:{schedule}" for schedule in backend.schedules] if schedules and backend.schedules else [stem]
    simulated = "cpu" not in backend.devices
    reason = backend.unavailable("cpu")
    if simulated and HAS_GPU:
        reason = "a GPU is here: the same tests run on it"
    for name in names:
        yield Subject(name, "cpu", simulated), [pytest.mark.skip(reason=reason)] if reason else []
        if "cuda" in backend.devices:
            why = backend.missing("cuda") if HAS_GPU else None
            yield (
                Subject(name, "cuda", simulated=False),
                [pytest.mark.gpu, *([pytest.mark.skip(reason=why)] if why else [])],
            )


def subjects(*, schedules: bool = True, where: Callable[[Subject], bool] = lambda _: True) -> list[Any]:
    """pytest parameters, one per backend and schedule (or per backend) and device."""
    found = [one for stem in backends() for one in _of(stem, schedules)]
    return [pytest.param(one, id=f"{one.name}-{one.device}", marks=marks) for one, marks in found if where(one)]


def native(subject: Subject) -> bool:
    return not subject.simulated


def uncompiled(subject: Subject) -> bool:
    """Not torch.compile, which takes seconds for every new shape and dtype."""
    return subject.stem != "torch_compile"


def once(subject: Subject) -> bool:
    """Every schedule where it costs nothing, one where it is simulated: for what is done before a kernel is chosen.

    `kernels.py` gives kernels contiguous, non-empty, checked tensors; their own tests have every alignment.
    """
    return native(subject) or subject.name.endswith(":flat")


def told_apart(norm: str, dtype: torch.dtype) -> bool:
    """Whether kernels hold code for this pair that none of the other pairs runs.

    They normalise in float32, or float64 where x is that, and round to the 16-bit types afterwards: a norm of theirs is
    its float32 code, so one of them stands for all. Simulators, at a second a row, leave the others out.
    """
    return dtype in {torch.float32, torch.float64} or norm == "softsign"


def quick(subject: Subject) -> bool:
    """Neither simulated nor compiled anew for every shape."""
    return native(subject) and uncompiled(subject)
