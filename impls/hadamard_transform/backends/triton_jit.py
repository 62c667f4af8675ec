"""A Triton kernel: whole blocks in registers, a stage by splitting and joining halves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from impls.hadamard_transform.backend_entry import Call, backend_of
from impls.installed import why_not_installed

if TYPE_CHECKING:
    from torch import Tensor

    from opbench import Launch


def launch_of(call: Call) -> Launch:
    from impls.hadamard_transform.gpu import triton_kernel

    def launch() -> Tensor:
        return triton_kernel.transform(call)

    return launch


def unavailable(_: str) -> str | None:
    return why_not_installed("triton", "triton")


BACKEND = backend_of(
    launch_of,
    about="a Triton kernel, butterflies by splitting halves",
    devices=frozenset({"cuda"}),
    rank=15,
    look=("#D55E00", "D"),
    simulator="Triton's interpreter",
    unavailable=unavailable,
)
