"""A Triton kernel on matrix units: four stages at a time as a product with the Hadamard matrix of order 16."""

from __future__ import annotations

from typing import TYPE_CHECKING

from impls.hadamard_transform.backend_entry import Call, backend_of
from impls.installed import why_not_installed

if TYPE_CHECKING:
    from torch import Tensor

    from opbench import Launch


def launch_of(call: Call) -> Launch:
    from impls.hadamard_transform.gpu import triton_mma

    def launch() -> Tensor:
        return triton_mma.transform(call)

    return launch


def unavailable(_: str) -> str | None:
    return why_not_installed("triton", "triton")


BACKEND = backend_of(
    launch_of,
    about="a Triton kernel, 16 x 16 products on matrix units",
    devices=frozenset({"cuda"}),
    rank=16,
    look=("#CC79A7", "d"),
    simulator="Triton's interpreter",
    unavailable=unavailable,
)
