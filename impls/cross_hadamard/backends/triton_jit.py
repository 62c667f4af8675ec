"""Triton kernels (`gpu/triton_kernels`), compiled for the device on first use of a dtype and tile."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from impls.cross_hadamard.backend_entry import backend_of
from impls.cross_hadamard.gpu.adapter import kernels_of
from impls.cross_hadamard.kernels import SCHEDULES
from impls.installed import why_not_installed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torch import Tensor

    from impls.cross_hadamard.gpu.adapter import Launcher
    from opbench import KernelResources, Launch, Point


def _load() -> Launcher:
    from impls.cross_hadamard.gpu import triton_kernels

    return triton_kernels


def _configurations(x: Tensor, index: Tensor | None) -> Iterator[tuple[str, Launch]]:
    from impls.cross_hadamard.gpu.triton_kernels import tuning

    return tuning.launches(x, index)


def unavailable(_: str) -> str | None:
    return why_not_installed("triton", "triton")


def resources(point: Point, schedule: str) -> tuple[KernelResources, ...]:
    from impls.cross_hadamard.resources import triton_jit

    return triton_jit.resources(point, schedule)


KERNELS = replace(kernels_of(_load), configurations=_configurations)

BACKEND = backend_of(
    "triton_jit",
    about="Triton kernels",
    devices=frozenset({"cuda"}),
    schedules=SCHEDULES,
    rank=20,
    look=("#D55E00", "D"),
    simulator="Triton's interpreter",
    unavailable=unavailable,
    resources=resources,
)
