"""Records over two axes, made from a function of the cell."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from reports.data.planes import Plane, planes

from .builders import measured, record

if TYPE_CHECKING:
    from opbench.vocabulary.record import Outcome, Record

BATCHES, EDGES = (1, 3, 5), (1, 7, 13, 29)

OutcomeOf = Callable[[int, int], "Outcome | None"]


def constant(median_s: float, spread: float = 0.01) -> OutcomeOf:
    return lambda _batch, _edge: measured(median_s, spread)


def over_plane(
    backend: str,
    outcome: OutcomeOf,
    batches: Iterable[int] = BATCHES,
    edges: Iterable[int] = EDGES,
    channels: int = 64,
    dtype: str = "float32",
) -> list[Record]:
    """A record per cell of batch x edge, none where `outcome` gives None."""
    columns = list(edges)
    return [
        record(found, backend, dtype=dtype, batch=batch, channels=channels, edge=edge)
        for batch in batches
        for edge in columns
        if (found := outcome(batch, edge)) is not None
    ]


def one_plane(*records: list[Record]) -> Plane:
    """The only plane of all these records."""
    ((plane,),) = planes([one for some in records for one in some])
    return plane
