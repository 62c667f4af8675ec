"""From Work and ceilings to the least time a case can take."""

from __future__ import annotations

import sys

from opbench.ceilings.ceiling import ARITHMETIC, ENDS, Ceilings
from opbench.vocabulary.limit import Limit
from opbench.vocabulary.record import Measured, Record
from opbench.vocabulary.work import Work


def limit_of(record: Record, ceilings: Ceilings) -> Limit | None:
    """Return a record's limit on the machine of the ceilings; None where these do not say enough, or it has no Work.

    A case with threads of its own (an axis of that name) has none either: ceilings are of the process's number.

    The page faults it counted are priced too, see `Limit.allocation_s`.
    """
    if record.work is None:
        return None
    point = record.case.point
    if point.axes.get("threads", 0) not in {0, ceilings.environment.get("threads")}:
        return None
    faults = record.outcome.page_faults_per_call if isinstance(record.outcome, Measured) else 0.0
    return limit(record.work, point.dtype, ceilings, working_set_bytes(record), faults)


def working_set_bytes(record: Record) -> int:
    """Return the bytes that one call goes over, which decide its level of memory; sys.maxsize where caches are cold."""
    if record.case.point.clock.endswith(":cold"):
        return sys.maxsize
    return record.sizes.get("working_set_bytes", 0 if record.work is None else record.work.moved_bytes)


def limit(
    work: Work, dtype: str, ceilings: Ceilings, size_bytes: int | None = None, faults: float = 0.0
) -> Limit | None:
    """Return the limit of one call of so much work. None where bandwidth or arithmetic of that kind were not measured.

    size_bytes: of the working set; all that a call moves where nothing else is said.
    faults: page faults a call.
    """
    size_bytes = work.moved_bytes if size_bytes is None else size_bytes
    launch, page = (ceilings.costs.get(kind) for kind in ("launch" if _on_gpu(ceilings) else "call", "page"))
    times: dict[str, tuple[float, float, float]] = {}
    for end in ENDS:
        moving_s = memory_s(work, ceilings, size_bytes, end)
        computing_s = arithmetic_s(work, dtype, ceilings, end)
        if moving_s is None or computing_s is None:
            return None
        times[end] = moving_s, computing_s, launch.at(end) if launch else 0.0
    return Limit(
        level=ceilings.level(size_bytes),
        memory_s=times["mid"][0],
        arithmetic_s=times["mid"][1],
        launch_s=times["mid"][2],
        allocation_s=faults * page.mid if page else 0.0,
        slowest_s=max(times["low"]),
        quickest_s=max(times["high"]),
    )


def memory_s(work: Work, ceilings: Ceilings, size_bytes: int, end: str = "mid") -> float | None:
    """Return the seconds that moving the bytes takes. None where a rate is missing.

    What is read and written alike moves as a copy does, the rest as it is read or written alone.
    Exact for the three mixes that were measured, a straight line between them: reading and writing overlap in caches
    and share the bus of the memory, and the copy has been through both.
    """
    both = min(work.bytes_read, work.bytes_written)
    needed = {"copy": 2 * both, "read": work.bytes_read - both, "write": work.bytes_written - both}
    rates = {kind: ceilings.bytes_per_s(kind, size_bytes) for kind, amount in needed.items() if amount}
    known = {kind: rate.at(end) for kind, rate in rates.items() if rate is not None}
    return sum(needed[kind] / rate for kind, rate in known.items()) if len(known) == len(rates) else None


def arithmetic_s(work: Work, dtype: str, ceilings: Ceilings, end: str = "mid") -> float | None:
    """Return the least seconds that the operations take. None where a rate is missing.

    MACs at the better of the two rates, every other operation as one multiply-add, though a division or a root takes
    longer; a GPU does both at a time.
    """
    rates = {kind: rate.at(end) for kind in ARITHMETIC if (rate := ceilings.operations_per_s(kind, dtype)) is not None}
    if not rates:
        return None if work.flops else 0.0
    macs_s = work.macs / max(rates.values())
    # Without a rate for them, the matrix rate is a ceiling of the others too: it cannot be below it.
    others_s = (work.products + work.elementwise) / rates.get("multiply_add", rates.get("matrix", 0.0))
    return max(macs_s, others_s) if _on_gpu(ceilings) else macs_s + others_s


def _on_gpu(ceilings: Ceilings) -> bool:
    return ceilings.environment.get("device") == "cuda"
