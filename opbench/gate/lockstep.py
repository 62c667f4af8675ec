"""Both sides' stored slices put together again, and proof that they belong together: every worker in every round.

Centring by round is right only where a round is the same few moments for all. A file that lost a worker or a round, or
two files that never ran side by side, show in the grid of workers and rounds and in the order of the clock's times.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from opbench.gate.slices import SIDES, Side, Slice, Taken


def together(benchmark: str, stages: Mapping[Side, Mapping[str, Sequence[Slice]]]) -> dict[str, Taken]:
    """By stage. Raises ValueError, saying what is missing or out of step."""
    names = {side: sorted(stages[side]) for side in SIDES}
    if names["base"] != names["head"]:
        raise ValueError(f"base has the stages {_listed(names['base'])}, head {_listed(names['head'])}")
    return {stage: _joined(benchmark, stage, {side: stages[side][stage] for side in SIDES}) for stage in names["base"]}


def _joined(benchmark: str, stage: str, slices: Mapping[Side, Sequence[Slice]]) -> Taken:
    workers = {side: {one.worker for one in slices[side]} for side in SIDES}
    if both := workers["base"] & workers["head"]:
        raise ValueError(f"worker {min(both)} is on both sides in stage {stage}")
    if len(workers["base"]) != len(workers["head"]):
        raise ValueError(f"{len(workers['base'])} base and {len(workers['head'])} head workers in stage {stage}")
    every = [*slices["base"], *slices["head"]]
    rounds = _by_round(every, workers["base"] | workers["head"], stage)
    for number, turns in enumerate(rounds):
        _require_alike(turns, f"round {number} of stage {stage}")
    for number, (before, after) in enumerate(pairwise(rounds)):
        if max(one.at_s for one in before) > min(one.at_s for one in after):
            raise ValueError(f"round {number + 1} of stage {stage} began before round {number} ended: not in lockstep")
    sides: dict[int, Side] = {worker: side for side in SIDES for worker in workers[side]}
    return Taken(benchmark, stage, sides, every)


def _by_round(slices: Sequence[Slice], workers: set[int], stage: str) -> list[list[Slice]]:
    """Slices of each round in the order of their turns; every worker exactly once in each, rounds from 0 on."""
    rounds: dict[int, list[Slice]] = {}
    for one in slices:
        rounds.setdefault(one.round, []).append(one)
    if sorted(rounds) != list(range(len(rounds))):
        raise ValueError(f"of {max(rounds) + 1} rounds of stage {stage}, {len(rounds)} are there")
    for number, turns in rounds.items():
        if sorted(one.worker for one in turns) != sorted(workers):
            raise ValueError(f"round {number} of stage {stage} has {len(turns)} slices for {len(workers)} workers")
    return [sorted(rounds[number], key=lambda one: one.order) for number in sorted(rounds)]


def _require_alike(turns: Sequence[Slice], where: str) -> None:
    if len({one.order for one in turns}) != len(turns):
        raise ValueError(f"two workers had the same turn in {where}")
    if any(before.at_s > after.at_s for before, after in pairwise(turns)):
        raise ValueError(f"the turns of {where} are not in the order of their times: not in lockstep")
    for what, counts in (
        ("calls a sample", {one.calls for one in turns}),
        ("samples", {len(x.samples_s) for x in turns}),
    ):
        if len(counts) > 1:
            raise ValueError(f"workers took {' and '.join(map(str, sorted(counts)))} {what} in {where}")


def _listed(stages: Sequence[str]) -> str:
    return ", ".join(stages) or "none"
