"""What a call costs before it does anything: an operator's call, waking the device, memory nobody has touched yet."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from impls.seeded import away_from_zero, generator_for
from opbench import Axis, Operator, Tolerance, Work

if TYPE_CHECKING:
    from opbench import Inputs, Point

PAGE_BYTES = 4096
FLOAT_BYTES = 4


def _one_value(point: Point) -> Inputs:
    return {"x": away_from_zero((1,), point, generator_for(point))}


def _nothing(name: str, about: str, ceiling: str) -> Operator:
    """Returns its input of one element; its Work is that element, because an operator without any is not timed."""
    return Operator(
        name=name,
        about=about,
        axes=(),
        inputs=_one_value,
        reference=lambda _, inputs: inputs["x"].double(),
        work=lambda _: Work(0, 0, 0, bytes_read=FLOAT_BYTES, bytes_written=FLOAT_BYTES),
        eager=lambda _: lambda x: x.detach(),
        tolerances={"float32": Tolerance(rtol=0.0)},
        check_points=({},),
        ceiling=ceiling,
    )


EMPTY_CALL = _nothing(
    "empty_call", "the quickest call of PyTorch that there is, of an operator that does nothing", "call"
)
EMPTY_LAUNCH = _nothing(
    "empty_launch", "a kernel that does nothing; on a CPU, waking its threads for nothing", "launch"
)


FRESH_PAGES = replace(
    _nothing("fresh_pages", "touch memory nobody has touched yet, page by page, and give it back", "page"),
    axes=(Axis("pages", "pages of 4 KiB", 4096),),
    work=lambda point: Work(0, 0, 0, bytes_read=0, bytes_written=point.axes["pages"] * PAGE_BYTES),
    check_points=({"pages": 1}, {"pages": 61}),
)
