"""What one launch cost, by line of its source."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from opbench.ptx.cost.kinds import KINDS, kind_of
from opbench.ptx.counters import SECTOR, Counters, Traffic
from opbench.ptx.launching.launch import Result
from opbench.ptx.module import Instruction

CACHE_WORDS = frozenset(["ca", "cg", "cs", "lu", "cv", "wb", "wt", "nc"])


@dataclass(slots=True)
class LineCost:
    """One line of the source, or of the PTX where that names no source.

    file: the source's path as the compiler wrote it, "" for the PTX. text: the line itself, stripped, "" where its file
    is not here; of PTX the instruction.
    instructions: executed by warps. requests, sectors, bytes: of global memory. local_bytes: of local memory.
    wavefronts, conflicts: turns at shared memory's banks, and those beyond the fewest.
    divergent: branches that split a warp. caches: cache operators and hints of its accesses, as they are written.
    """

    file: str
    line: int
    text: str
    instructions: int = 0
    requests: int = 0
    sectors: int = 0
    bytes: int = 0
    local_bytes: int = 0
    wavefronts: int = 0
    conflicts: int = 0
    divergent: int = 0
    caches: tuple[str, ...] = ()

    @property
    def coalescing(self) -> float | None:
        """Bytes asked for over the bytes of the sectors; None without sectors."""
        return self.bytes / (SECTOR * self.sectors) if self.sectors else None

    def add(self, traffic: Traffic) -> None:
        if traffic.space == "global":
            self.requests += traffic.requests
            self.sectors += traffic.sectors
            self.bytes += traffic.bytes
        elif traffic.space == "local":
            self.local_bytes += traffic.bytes
        self.wavefronts += traffic.wavefronts
        self.conflicts += traffic.conflicts
        self.caches = tuple(dict.fromkeys((*self.caches, *caches_of(traffic.instruction))))


@dataclass(frozen=True, slots=True)
class LaunchCost:
    """Of one launch. lines: in the order of the source. kinds: instructions by kind, executed by warps."""

    kernel: str
    grid: tuple[int, int, int]
    block: tuple[int, int, int]
    shared_bytes: int
    counters: Counters
    lines: tuple[LineCost, ...]
    kinds: dict[str, int] = field(default_factory=dict)

    @property
    def local_bytes(self) -> int:
        return sum(each.local_bytes for each in self.lines)


def launch_cost(result: Result) -> LaunchCost:
    """Counted figures only; nothing is estimated."""
    counters, files = result.counters, result.module.files
    sources = {number: _source(path) for number, path in files.items()}
    lines: dict[tuple[str, int], LineCost] = {}
    kinds = dict.fromkeys(KINDS, 0)
    for each in counters.executed.values():
        kinds[kind_of(each.instruction)] += each.warps
        line = _line(lines, each.instruction, files, sources)
        line.instructions += each.warps
        line.divergent += each.divergent
    for traffic in counters.accesses.values():
        _line(lines, traffic.instruction, files, sources).add(traffic)
    ordered = tuple(lines[key] for key in sorted(lines))
    return LaunchCost(result.kernel, result.grid, result.block, result.shared_bytes, counters, ordered, kinds)


def caches_of(instruction: Instruction) -> Iterable[str]:
    """Its cache operators and eviction hints, such as `nc` or `L1::evict_last`."""
    return (word for word in instruction.modifiers if word in CACHE_WORDS or word.startswith(("L1::", "L2::")))


def _line(
    lines: dict[tuple[str, int], LineCost],
    instruction: Instruction,
    files: dict[int, str],
    sources: dict[int, list[str]],
) -> LineCost:
    location = instruction.location
    if location is None or location.file not in files or not location.line:
        key, text = ("", instruction.line), instruction.text
    else:
        key, source = (files[location.file], location.line), sources[location.file]
        text = source[location.line - 1].strip() if location.line <= len(source) else ""
    return lines.setdefault(key, LineCost(*key, text))


def _source(path: str) -> list[str]:
    """Its lines; none where the file is not here."""
    try:
        return Path(path).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return []
