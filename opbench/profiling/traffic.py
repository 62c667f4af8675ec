"""Bytes that a tool counted on their way to memory and back, held against the least that the operator needs."""

from __future__ import annotations

from dataclasses import replace

from opbench.profiling.counted import Counted
from opbench.record import Record


def held_against(record: Record, counted: Counted) -> Counted:
    """The same with a note for every kind of bytes that the record's Work knows too.

    1 is as little as possible. Well below 1, caches held what was to move: outputs that stay there go to memory after
    the kernel, and inputs that did not leave since the last call need not come. Loads are held against what Work reads
    alone, since perf counts no line that is only written; of a case on a GPU it sees nothing that Work means.
    """
    work = record.work
    if work is None:
        return counted
    read = work.bytes_read if record.case.point.device == "cpu" else 0
    least = {
        "ncu_dram_bytes": (work.moved_bytes, "DRAM bytes counted are {:.3g} times Work's"),
        "perf_llc_miss_bytes": (read, "bytes of missed loads counted are {:.3g} times those Work reads"),
    }
    found = tuple(
        words.format(counted.figures[name] / size)
        for name, (size, words) in least.items()
        if size and name in counted.figures
    )
    return replace(counted, notes=(*found, *counted.notes))
