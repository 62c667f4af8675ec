"""Triton kernels (`triton_kernels/`), compiled for the device on first use of a dtype and tile."""

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
    from impls.cross_hadamard import triton_kernels

    return triton_kernels


def unavailable(_: str) -> str | None:
    found = importlib.util.find_spec("triton") is not None
    return None if found else "triton is not installed; python -m pip install triton"


def resources(point: Point, schedule: str) -> tuple[KernelResources, ...]:
    from impls.cross_hadamard import triton_resources

    return triton_resources.resources(point, schedule)


KERNELS = kernels_of(_load)

BACKEND = backend_of(
    "triton_jit",
    about="Triton kernels",
    devices=frozenset({"cuda"}),
    schedules=SCHEDULES,
    simulator="Triton's interpreter",
    unavailable=unavailable,
    resources=resources,
)
