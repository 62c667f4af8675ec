"""Numba CUDA kernels (`numba_kernels/`), compiled for the device on first use of a dtype."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING

from impls.cross_hadamard.dense import kernels_of
from impls.cross_hadamard.kernels import SCHEDULES
from impls.cross_hadamard.launching import backend_of

if TYPE_CHECKING:
    from impls.cross_hadamard.dense import Launcher
    from opbench import KernelResources, Point


def _load() -> Launcher:
    from impls.cross_hadamard import numba_kernels

    return numba_kernels


def unavailable(_: str) -> str | None:
    found = importlib.util.find_spec("numba_cuda") is not None
    return None if found else "numba-cuda is not installed; python -m pip install numba-cuda"


def resources(point: Point, schedule: str) -> tuple[KernelResources, ...]:
    from impls.cross_hadamard import numba_resources

    return numba_resources.resources(point, schedule)


KERNELS = kernels_of(_load)

BACKEND = backend_of(
    "numba_cuda",
    about="Numba CUDA kernels, one thread's code in Python",
    devices=frozenset({"cuda"}),
    schedules=SCHEDULES,
    simulator="Numba's CUDA simulator",
    unavailable=unavailable,
    resources=resources,
)
