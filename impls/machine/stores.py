"""Write an output as a kernel does: values computed from a small input, each stored once, nothing of it read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from impls.machine.library import address, function
from impls.machine.memory import FLOAT_BYTES, KIB, floats
from impls.seeded import away_from_zero, generator_for
from opbench import Operator, Tolerance, Work

if TYPE_CHECKING:
    from collections.abc import Callable

    import torch

    from opbench import Inputs, Point

PERIOD = 4096
"""Values of the small input: 16 KiB, which every first-level cache holds beside what is written."""


def squares(small: torch.Tensor, out_address: int, count: int, past_caches: bool) -> None:
    """`count` floats from `out_address` on become small[i % PERIOD] ** 2. Raises MachineError where nothing builds."""
    function("squares")(address(small), PERIOD, out_address, count, past_caches)


def _inputs(point: Point) -> Inputs:
    return {"x": away_from_zero((PERIOD,), point, generator_for(point))}


def _reference(point: Point, inputs: Inputs) -> torch.Tensor:
    count = floats(point)
    return inputs["x"].double().square().repeat(-(-count // PERIOD))[:count]


def _eager(point: Point) -> Callable[[torch.Tensor], torch.Tensor]:
    """Repeated before it is multiplied: a product for every value that is stored."""
    count = floats(point)

    def squared(x: torch.Tensor) -> torch.Tensor:
        repeated = x.repeat(-(-count // PERIOD))[:count]
        return repeated * repeated

    return squared


def _work(point: Point) -> Work:
    return Work(0, floats(point), 0, bytes_read=PERIOD * FLOAT_BYTES, bytes_written=floats(point) * FLOAT_BYTES)


STORES = Operator(
    name="stores",
    about="the squares of a small input again and again into an output, as a kernel writes one",
    axes=(KIB,),
    inputs=_inputs,
    reference=_reference,
    work=_work,
    eager=_eager,
    tolerances={"float32": Tolerance(rtol=1e-6)},
    check_points=tuple({"kib": kib} for kib in (1, 7, 61, 1021)),
    modes=frozenset({"out"}),
)
