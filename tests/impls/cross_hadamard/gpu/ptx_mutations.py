"""Single faults planted into PTX: the places of a text where each kind applies, and what the machine says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from opbench import ptx
from opbench.errors import UsageError

from .planted.effects import Effects, watched
from .planted.kinds import GUARD, KINDS, ORDERING, SHORTER
from .planted.launches import Point, Recorded

ENOUGH = 20_000_000
"""Thread instructions after which a changed kernel is in an endless loop; the whole ones take 2 million at most."""
WARP = 32
ANOTHER, DEARER = "another result", ("more requests", "more sectors")
NEAR = "another rounding"
"""Bits are others, within what results of such a kernel differ by."""


@dataclass(frozen=True)
class Mutation:
    """The match of that place among those of its kind becomes something else."""

    launch: Recorded
    kind: str
    place: int

    @property
    def text(self) -> str:
        """The changed text."""
        text, match = self.launch.text, self.match
        return text[: match.start()] + KINDS[self.kind].by(match) + text[match.end() :]

    def shared(self, point: Point) -> int:
        """Bytes of dynamic shared memory."""
        return point.shared - max(1, point.shared // 16) if self.kind == SHORTER else point.shared

    @property
    def match(self) -> re.Match[str]:
        """Raises IndexError where the kind does not apply so often."""
        return [*re.finditer(KINDS[self.kind].pattern, self.launch.text)][self.place]

    def equal(self) -> bool:
        """Whether at every point each thread does to memory what it does in the intact kernel: nothing was planted.

        Never of a kind that changes how threads wait for each other: what one thread does is not all that it breaks.
        """
        if self.kind in ORDERING:
            return False
        launch, text = self.launch, self.text
        return all(_effects(launch, text, each) == intact_effects(launch, each) for each in launch.points)


def found(mutation: Mutation, point: Point) -> str:
    """The words of the error, `ANOTHER`, of `DEARER`, `NEAR`, or "" where nothing was seen at that point."""
    launch = mutation.launch
    try:
        contents, result = launch.launch(mutation.text, point, mutation.shared(point), limit=_limit(point))
    except (ptx.KernelError, UsageError) as error:
        return re.sub(r"^\S+: ", "", str(error))
    if launch.wrong(point, contents):
        return ANOTHER
    for words, mine, theirs in zip(DEARER, _cost(result), intact_cost(launch, point), strict=True):
        if mine > theirs:
            return words
    return NEAR if launch.differs(point, contents) else ""


def intact_effects(launch: Recorded, point: Point) -> int:
    """Of the kernel as it is, found once for every point."""
    if point.effects is None:
        point.effects = _effects(launch, launch.text, point)
    return point.effects


def intact_cost(launch: Recorded, point: Point) -> list[int]:
    """The same of its requests and sectors."""
    if point.cost is None:
        point.cost = _cost(launch.launch(launch.text, point)[1])
    return point.cost


def _cost(result: ptx.Result) -> list[int]:
    counters = result.counters
    return [counters.requests, counters.sectors_read + counters.sectors_written]


def _effects(launch: Recorded, text: str, point: Point) -> int:
    effects = Effects()
    with watched(effects):
        launch.launch(text, point, limit=_limit(point), races=False, lane_races=False)
    return effects.number()


def _limit(point: Point) -> int:
    return 20 * ENOUGH if point.blocks else ENOUGH


def mutations(launch: Recorded) -> Iterator[Mutation]:
    """All of one launch whose place some thread executes at its first point; of loads and stores, for some thread whose
    guard holds.
    """
    point = launch.points[0]
    _, result = launch.launch(launch.text, point)
    lines = {each.instruction.line for each in result.counters.executed.values() if each.threads}
    idle = lines - {each.instruction.line for each in result.counters.accesses.values() if each.bytes}
    for kind, each in KINDS.items():
        if kind == "thread number of the warp alone" and point.block[0] <= WARP:
            continue
        for place, match in enumerate(re.finditer(each.pattern, launch.text)):
            start = match.start() + len(match[0]) - len(match[0].lstrip())
            line = launch.text.count("\n", 0, start) + 1
            accesses = re.match(rf"\s*{GUARD}(?:ld|st)\.(?:global|shared)", match[0]) is not None
            if (line in lines and not (accesses and line in idle)) or (kind == SHORTER and point.shared):
                yield Mutation(launch, kind, place)
