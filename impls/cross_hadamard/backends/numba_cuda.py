"""Numba CUDA kernels (`numba_kernels/`), compiled for the device on first use of a dtype."""

from __future__ import annotations

from typing import TYPE_CHECKING

from impls.cross_hadamard.backend_entry import backend_of
from impls.cross_hadamard.gpu.adapter import kernels_of
from impls.cross_hadamard.kernels import SCHEDULES
from impls.installed import why_not_installed

if TYPE_CHECKING:
    from impls.cross_hadamard.gpu.adapter import Launcher
    from opbench import KernelResources, Point


def _load() -> Launcher:
    from impls.cross_hadamard.gpu import numba_kernels

    return numba_kernels


def unavailable(_: str) -> str | None:
    return why_not_installed("numba_cuda", "numba-cuda")


def resources(point: Point, schedule: str) -> tuple[KernelResources, ...]:
    from impls.cross_hadamard.resources import numba_cuda

    return numba_cuda.resources(point, schedule)


KERNELS = kernels_of(_load)

BACKEND = backend_of(
    "numba_cuda",
    about="Numba CUDA kernels, one thread's code in Python",
    devices=frozenset({"cuda"}),
    schedules=SCHEDULES,
    rank=40,
    look=("#009E73", "v"),
    simulator="Numba's CUDA simulator",
    ptx="Numba's PTX",
    unavailable=unavailable,
    resources=resources,
)
