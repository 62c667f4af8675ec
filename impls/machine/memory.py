"""Read, write and copy a working set of a given size, over and over."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import torch

from impls.seeded import away_from_zero, generator_for
from opbench import Axis, Operator, Tolerance, Work

if TYPE_CHECKING:
    from collections.abc import Callable

    from opbench import Axes, Inputs, Point

MOVED_BYTES = {"cpu": 256 << 20, "cuda": 2 << 30}
"""Bytes that a call moves at least, so that starting it is nothing beside them: at 400 GB/s, a first-level cache's,
0.7 ms, and waking the other thread costs 0.9 us (2 cores of an EPYC 9004)."""

VALUE = 1.0
LARGEST = 2.0
BLOCK = 64007
"""Values drawn; a prime, so that copies of the block never line up with what a thread or a vector is given."""

FLOAT_BYTES = 4
KIB = Axis("kib", "working set in KiB; small ones are gone over until 256 MiB have moved, 2 GiB on a GPU", 262144)


def passes(point: Point) -> int:
    """How many times one call goes over the working set."""
    return max(1, MOVED_BYTES.get(point.device, 0) // set_bytes(point))


def set_bytes(point: Point) -> int:
    """Of the working set."""
    kib: int = point.axes["kib"]
    return kib << 10


def floats(point: Point) -> int:
    return set_bytes(point) // FLOAT_BYTES


def _values(point: Point, count: int) -> torch.Tensor:
    """A block of random values again and again, which takes a tenth of drawing them all, and one that is the largest.

    Where that one lies is random too: who skips a part of the memory is found out where it is in there.
    """
    if point.device == "meta":
        return torch.empty(count, device="meta")
    random = generator_for(point)
    block = away_from_zero((min(count, BLOCK),), replace(point, device="cpu"), random)
    values = block.repeat(-(-count // BLOCK))[:count]
    values[torch.randint(count, (1,), generator=random)] = LARGEST
    return values.to(point.device)


def _sizes(axes: Axes) -> dict[str, int]:
    return {"working_set_bytes": axes["kib"] << 10}


def _operator(
    name: str,
    about: str,
    inputs: Callable[[Point], Inputs],
    reference: Callable[[Point, Inputs], torch.Tensor],
    work: Callable[[Point], Work],
    eager: Callable[..., torch.Tensor],
) -> Operator:
    return Operator(
        name=f"memory_{name}",
        about=about,
        axes=(KIB,),
        inputs=inputs,
        reference=reference,
        work=work,
        eager=lambda _: eager,
        tolerances={"float32": Tolerance(rtol=0.0)},
        check_points=tuple({"kib": kib} for kib in (1, 7, 61, 1021, 33_001)),
        sizes=_sizes,
        modes=frozenset({"out"}),
        ceiling=name,
    )


def _bytes(point: Point) -> int:
    return passes(point) * set_bytes(point)


READ = _operator(
    "read",
    "the largest of a working set's values: memory that is read and not written",
    inputs=lambda point: {"x": _values(point, floats(point))},
    reference=lambda _, inputs: inputs["x"].amax(0, keepdim=True).double(),
    work=lambda point: Work(0, 0, 0, bytes_read=_bytes(point), bytes_written=FLOAT_BYTES),
    eager=lambda x: x.amax(0, keepdim=True),
)

WRITE = _operator(
    "write",
    "one value into a working set: memory that is written and not read",
    # An empty carrier of the working set's size, never read.
    inputs=lambda point: {"like": torch.empty((), device=point.device).expand(floats(point))},
    reference=lambda _, inputs: torch.full_like(inputs["like"], VALUE, dtype=torch.float64),
    work=lambda point: Work(0, 0, 0, bytes_read=0, bytes_written=_bytes(point)),
    eager=lambda like: torch.full_like(like, VALUE),
)

COPY = _operator(
    "copy",
    "one half of a working set into the other: memory that is read and written alike",
    inputs=lambda point: {"x": _values(point, floats(point) // 2)},
    reference=lambda _, inputs: inputs["x"].double(),
    work=lambda point: Work(0, 0, 0, bytes_read=_bytes(point) // 2, bytes_written=_bytes(point) // 2),
    eager=lambda x: x.clone(),
)
