"""A plan cut into shards of even expected time: whole points, dealt the same on every machine that deals them.

Nothing that differs between machines goes into the cut (no clock, no cache, no number of cores), and its digest stands
in every shard's run: shards that were cut otherwise all the same, as by another version, are told apart when they are
merged.
"""

from __future__ import annotations

import hashlib
import heapq
import re
from collections.abc import Sequence
from dataclasses import dataclass

from opbench.cache import content_digest
from opbench.errors import UsageError
from opbench.planning.plan import SOME, Plan, Task
from opbench.planning.point_time import PointTimes
from opbench.vocabulary.settings import Settings

_SHARD = re.compile(r"([0-9]{1,6})/([0-9]{1,6})")
MOST = 999_999


@dataclass(frozen=True, order=True)
class Shard:
    """One of `count` shards, counted from 1."""

    number: int = 1
    count: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.number <= self.count <= MOST:
            raise ValueError(f"{self.number}/{self.count} is no shard; expected I/N with I from 1 to N, at most {MOST}")

    @classmethod
    def of(cls, text: str) -> Shard:
        """`2/4` is the second of four. Raises UsageError for anything else."""
        found = _SHARD.fullmatch(text)
        if found is None or not 1 <= int(found[1]) <= int(found[2]):
            raise UsageError(
                f"--shard is {text!r:.40}; expected I/N with I from 1 to N, such as 2/4; for an index that begins at 0 "
                "add one: $((INDEX + 1))/N"
            )
        return cls(int(found[1]), int(found[2]))

    @property
    def whole(self) -> bool:
        return self.count == 1

    def __str__(self) -> str:
        return f"{self.number}/{self.count}"


@dataclass(frozen=True)
class Cut:
    """Every task of a plan with the number of its shard, in the plan's order. seconds: that each shard is expected to
    take.
    """

    tasks: tuple[Task, ...]
    owners: tuple[int, ...]
    seconds: tuple[float, ...]

    def of(self, shard: Shard) -> tuple[Task, ...]:
        """The tasks of a shard, in the plan's order."""
        return tuple(task for task, owner in zip(self.tasks, self.owners, strict=True) if owner == shard.number)

    @property
    def digest(self) -> str:
        """16 hex digits, the same where the same points have the same shards."""
        points = zip(self.tasks, self.owners, strict=True)
        text = "\n".join(f"{owner} {task.point.key}" for task, owner in points)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def cut(plan: Plan, count: int, settings: Settings) -> Cut:
    """Deal the points of a plan to `count` shards, the longest first, each to the shard that has least by then.

    So no shard is expected to take more than the mean and one point longer than another. Of plans beyond SOME points
    only every few hundredth is asked for its time, and those up to the next are taken to be like it.
    Raises UsageError where there are fewer points than shards.
    """
    tasks = tuple(plan)
    if len(tasks) < count:
        points = f"{len(tasks)} point{'s' * (len(tasks) != 1)}"
        raise UsageError(f"--shard I/{count}: there are {points}, and none is ever cut; ask for {len(tasks)} at most")
    times, stride = PointTimes(settings), -(-len(tasks) // SOME)
    asked = [times(task) for task in tasks[::stride]]
    return _dealt(tasks, [asked[number // stride] for number in range(len(tasks))], count)


def _dealt(tasks: tuple[Task, ...], times_s: Sequence[float], count: int) -> Cut:
    owners = [0] * len(tasks)
    loads = [(0.0, 0, number) for number in range(1, count + 1)]  # seconds, points, shard
    for place in sorted(range(len(tasks)), key=lambda place: (-times_s[place], place)):
        seconds, points, shard = heapq.heappop(loads)
        owners[place] = shard
        heapq.heappush(loads, (seconds + times_s[place], points + 1, shard))
    by_shard = {shard: seconds for seconds, _, shard in loads}
    return Cut(tasks, tuple(owners), tuple(by_shard[number] for number in range(1, count + 1)))


def plan_digest(plan: Plan) -> str:
    """16 hex digits, the same for the same points and backends."""
    return content_digest(
        [
            [
                *(part.block.operator, part.block.device, part.block.clock, part.block.dtypes, part.block.modes),
                *(list(part.block.axes.items()), part.block.order, part.backends),
            ]
            for part in plan.parts
        ]
    )
