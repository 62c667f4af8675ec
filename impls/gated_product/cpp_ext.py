"""C++ vector kernels: f in registers, large outputs stored around the caches, both gradients in one pass."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from impls import native
from impls.gated_product import functional
from impls.gated_product.forms import halves
from opbench import Backend, Preparing

if TYPE_CHECKING:
    from torch import Tensor

    from opbench import Inputs, Launch, Point


def prepare(point: Point, inputs: Inputs, out: Tensor | None, _: str) -> Launch:
    form, packed = point.axes["form"], point.axes["packed"]
    if point.mode == "backward":
        if packed:
            return partial(functional.packed_gradient, inputs["grad"], inputs["packed"], form)
        grad, gate, value = inputs["grad"], inputs["gate"], inputs["value"]
        return lambda: functional.gradients(grad, gate, value, form)[0]
    gate, value = halves(inputs["packed"]) if packed else (inputs["gate"], inputs["value"])
    launch = partial(functional.gated_product, gate, value, form, out)
    launch()  # builds the library where it is not there
    return launch


def unavailable(_: str) -> str | None:
    return native.why_not()


def preparing() -> Preparing:
    return native.building(functional.NAME, functional.SOURCES, functional.IN_VARIANTS)


BACKEND = Backend(
    about="C++ vector kernels",
    prepare=prepare,
    devices=frozenset({"cpu"}),
    modes=frozenset({"forward", "out", "backward"}),
    rank=10,
    look=("#0072B2", "o"),
    unavailable=unavailable,
    preparing=preparing,
)
