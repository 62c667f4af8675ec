"""C++ kernels for the CPU: sixteen registers of butterflies at a time, one reading and one writing of memory."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from impls import native
from impls.hadamard_transform import cpp_kernels
from impls.hadamard_transform.backend_entry import Call, backend_of

if TYPE_CHECKING:
    from opbench import Launch, Preparing


def launch_of(call: Call) -> Launch:
    return partial(cpp_kernels.transform, call)


def unavailable(_: str) -> str | None:
    return native.why_not()


def preparing() -> Preparing:
    return native.building(cpp_kernels.NAME, cpp_kernels.SOURCES, cpp_kernels.IN_VARIANTS)


BACKEND = backend_of(
    launch_of,
    about="C++ kernels on the CPU, butterflies in vector registers",
    devices=frozenset({"cpu"}),
    rank=10,
    look=("#0072B2", "o"),
    unavailable=unavailable,
    preparing=preparing,
)
