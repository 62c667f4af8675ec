"""What one call of a case costs on the PTX machine, as one self-contained HTML page: its source beside its traffic."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from reports.data import units
from reports.layout.scripts import COMMON
from reports.layout.templates import filled_page

if TYPE_CHECKING:
    from opbench.profiling.simulated_case import Launched, SimulatedProfile
    from opbench.ptx.cost import LineCost

SCRIPTS = (*COMMON, "simple_page")

HOT = 0.1
"""Share of a launch's sectors or instructions from which on a line is marked."""

BASE_COLUMNS = 9


def render(profile: SimulatedProfile) -> str:
    """Write the page."""
    return filled_page(
        "simulated_profile.html.jinja",
        SCRIPTS,
        operator=profile.case.point.operator,
        backend=profile.case.label,
        facts=facts(profile),
        wrong="" if profile.checked in {"", "right"} else profile.checked,
        refusals=profile.refusals,
        totals=totals(profile),
        launches=[_launch(each, at, len(profile.launches)) for at, each in enumerate(profile.launches, 1)],
    )


def facts(profile: SimulatedProfile) -> list[tuple[str, str]]:
    """List name and value for the head of the page, in reading order."""
    point = profile.case.point
    pairs = [
        ("Point", ", ".join(f"{name}={value}" for name, value in point.axes.items()) or "-"),
        ("Setting", f"{point.dtype}, {point.mode}"),
        ("Executed", f"{profile.by} for {profile.architecture}"),
        ("Beside the reference", profile.checked.partition(":")[0]),
        ("Launches", str(len(profile.launches))),
    ]
    return [(name, value) for name, value in pairs if value]


def totals(profile: SimulatedProfile) -> list[tuple[str, ...]]:
    """Rows of the table of bytes: read and written."""
    work = profile.work
    rows = (
        ("Read", work.bytes_read, profile.distinct_read_bytes, profile.read_bytes),
        ("Written", work.bytes_written, profile.distinct_written_bytes, profile.written_bytes),
    )
    return [
        (
            name,
            *(units.data_size(least), units.data_size(distinct), over(distinct, least)),
            *(units.data_size(moved), over(moved, least)),
        )
        for name, least, distinct, moved in rows
    ]


def over(moved: int, least: int) -> str:
    """`1.02` times the least; a dash where that is nothing."""
    return f"{moved / least:.2f}" if least else "-"


def occupancy_sentence(launched: Launched) -> str:
    """What the binary takes of a multiprocessor, and how many warps that leaves room for."""
    binary, found = launched.binary, launched.occupancy
    if binary is None or found is None:
        return ""
    spilled = f"{binary.spill_bytes} bytes spilled" if binary.spill_bytes else "nothing spilled"
    room = ", ".join(f"{name} {blocks}" for name, blocks in found.limits.items())
    return (
        f"Compiled for {binary.architecture}: {binary.registers} registers a thread, {spilled}. A multiprocessor holds "
        f"up to {found.blocks} blocks, {found.warps} of {found.most_warps} warps ({units.percent(found.share)}), "
        f"limited by {' and '.join(found.limited_by)}; blocks that there is room for: {room}."
    )


def bound_sentence(launched: Launched) -> str:
    """The least time of its bytes, from whose peak, and when it does not hold; "" where no bandwidth is known."""
    found = launched.bound
    if found is None:
        return ""
    sentence = (
        f"Moving its {units.data_size(found.moved_bytes)} of distinct sectors takes no less than "
        f"{units.seconds(found.seconds)} at {units.quantity(found.peak.bytes_per_s)}B/s of DRAM ({found.peak.product}; "
        f"documented, not measured: {found.peak.source}). It is a bound from below, not a time."
    )
    if found.peak.l2_bytes is None:
        return f"{sentence} What L2 holds already may come quicker; its size is not documented."
    if found.cached:
        sentence += f" All of it fits into {units.data_size(found.peak.l2_bytes)} of L2: a warm cache may be quicker."
    return sentence


def _launch(launched: Launched, at: int, count: int) -> Mapping[str, object]:
    cost, binary = launched.cost, launched.binary
    shared = any(line.wavefronts for line in cost.lines)
    divergent = cost.counters.divergent_branches > 0
    columns = BASE_COLUMNS + 2 * shared + bool(cost.local_bytes) + divergent
    return {
        "title": f"{f'Launch {at} of {count}: ' if count > 1 else ''}{cost.kernel}",
        "facts": _launch_facts(launched),
        "kinds": _kinds(cost.kinds),
        "bound": bound_sentence(launched),
        "occupancy": occupancy_sentence(launched),
        "accesses": ", ".join(f"{count} {name}" for name, count in (binary.accesses or {}).items()) if binary else "",
        "shared": shared,
        "local": cost.local_bytes,
        "divergent": divergent,
        "columns": columns,
        "files": [(_shown(file), _lines(list(lines), launched)) for file, lines in groupby(cost.lines, _file_of)],
    }


def _kinds(kinds: Mapping[str, int]) -> str:
    whole = sum(kinds.values())
    return ", ".join(f"{name} {units.percent(each / whole)}" for name, each in kinds.items() if each)


def _launch_facts(launched: Launched) -> list[tuple[str, str]]:
    cost = launched.cost
    counters = cost.counters
    pairs = [
        ("Grid", " x ".join(map(str, cost.grid))),
        ("Block", " x ".join(map(str, cost.block))),
        ("Shared memory of a block", units.data_size(cost.shared_bytes) if cost.shared_bytes else "none"),
        ("Instructions of warps", f"{sum(cost.kinds.values()):,}"),
        ("Sectors read", f"{counters.sectors_read:,}"),
        ("Sectors written", f"{counters.sectors_written:,}"),
        ("Branches that split", f"{counters.divergent_branches:,} of {counters.branches:,}"),
        ("Bank conflicts", f"{counters.conflicts:,}" if cost.shared_bytes else ""),
        ("Barriers", f"{counters.barriers:,}" if counters.barriers else ""),
        ("Local memory", units.data_size(cost.local_bytes) if cost.local_bytes else ""),
    ]
    return [(name, value) for name, value in pairs if value]


def _lines(lines: Sequence[LineCost], launched: Launched) -> list[Mapping[str, object]]:
    cost = launched.cost
    instructions = sum(cost.kinds.values())
    sectors = sum(line.sectors for line in cost.lines)
    return [_cells(line, line.instructions / instructions, line.sectors / sectors if sectors else 0) for line in lines]


def _cells(line: LineCost, of_instructions: float, of_sectors: float) -> Mapping[str, object]:
    hot = {
        "hot_instructions": of_instructions >= HOT,
        "hot_sectors": of_sectors >= HOT,
        "hot_conflicts": line.conflicts > 0,
    }
    coalescing = line.coalescing
    return {
        "number": line.line,
        "text": line.text or "(an empty line)",
        "instructions": f"{line.instructions:,}",
        "instruction_share": units.percent(of_instructions),
        "requests": _count(line.requests),
        "sectors": _count(line.sectors),
        "sector_share": units.percent(of_sectors) if line.sectors else "",
        "coalescing": "" if coalescing is None else units.percent(coalescing),
        "wavefronts": _count(line.wavefronts),
        "conflicts": _count(line.conflicts) if line.wavefronts else "",
        "local": units.data_size(line.local_bytes) if line.local_bytes else "",
        "divergent": _count(line.divergent),
        "caches": ", ".join(line.caches),
        "hot": any(hot.values()),
        "quiet": not (line.sectors or line.wavefronts or any(hot.values())),
        **hot,
    }


def _count(value: int) -> str:
    return f"{value:,}" if value else ""


def _file_of(line: LineCost) -> str:
    return line.file


def _shown(file: str) -> str:
    """The end of the path: where a package lies on this machine says nothing of the kernel."""
    return "/".join(Path(file).parts[-3:]) if file else "PTX; it names no source"
