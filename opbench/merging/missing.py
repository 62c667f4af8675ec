"""What a merge lacks: shards that are not there, and cases of those that are which have no record yet."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat

from opbench import operator_files
from opbench.errors import UsageError
from opbench.planning.plan_file import Part
from opbench.planning.shard import Shard, plan_digest

NAMED = 3
"""Shards and cases that a line names; the rest are counted."""


@dataclass(frozen=True)
class Missing:
    """Cases of one shard without a record. present: whether a run of the shard was given.

    keys: which; () where the plan cannot be made here, and `why` says so.
    """

    part: Part
    present: bool
    keys: tuple[str, ...]
    why: str = ""

    def __str__(self) -> str:
        shard, name = self.part.shard, self.part.request.name
        subject = f"a run of {name}" if shard.whole else f"shard {shard} of {name}"
        return f"{subject} {'is not complete' if self.present else 'is missing'}: {self._cases()}"

    def _cases(self) -> str:
        if self.why:
            return f"its cases cannot be named here, {self.why}"
        count = len(self.keys)
        named = ", ".join(self.keys[:NAMED]) + (f" and {count - NAMED} more" if count > NAMED else "")
        return f"{count} case{'s' * (count != 1)}, {named}"


def missing(parts: Sequence[Part], complete: Collection[Part], recorded: Collection[str]) -> list[Missing]:
    """What is missing of every plan that one of the parts is of, in the order of shards.

    complete: parts of which a run has every case. recorded: keys of all cases on record in any of the runs.
    """
    wholes: dict[tuple[str, str, int], list[Part]] = {}
    for part in parts:
        wholes.setdefault(part.whole, []).append(part)
    return [one for same in wholes.values() for one in _missing_of(same, complete, recorded)]


def _missing_of(parts: Sequence[Part], complete: Collection[Part], recorded: Collection[str]) -> Iterator[Missing]:
    """Of the shards of one cut, whose plan is made only where one is missing or not complete."""
    own = {part.shard: part for part in parts}
    count = parts[0].shard.count
    if len(own) == count and all(part in complete for part in parts):
        return
    expected, why = _expected(parts[0])
    for shard in (Shard(number, count) for number in range(1, count + 1)):
        part = own.get(shard) or Part(parts[0].request, shard, parts[0].plan, parts[0].cut, 0)
        if part in complete:
            continue
        keys = tuple(key for key in expected.get(shard.number, ()) if key not in recorded)
        if keys or why or shard not in own:
            yield Missing(part, shard in own, keys, why)


def _expected(part: Part) -> tuple[Mapping[int, Sequence[str]], str]:
    """The keys of the cases of each shard of the part's cut, by its number; or none, and why they cannot be told here.

    A plan comes from wherever its run does, so that what it names is looked up and never imported.
    """
    if operator_files.is_file(part.request.sweep):
        return {}, f"for merging does not run {part.request.sweep}, which has its operators"
    try:
        whole = part.request.plan()
        dealt = None if part.shard.whole else part.request.dealt(whole, part.shard.count)
    except UsageError as exc:
        return {}, str(exc)
    if (plan_digest(whole), dealt.digest if dealt else "") != (part.plan, part.cut):
        return {}, "where opbench plans the sweep otherwise than where it was measured"
    keys: dict[int, list[str]] = defaultdict(list)
    for task, owner in zip(dealt.tasks, dealt.owners, strict=True) if dealt else zip(whole, repeat(1), strict=False):
        keys[owner] += [case.key for case in task.cases]
    return keys, ""
