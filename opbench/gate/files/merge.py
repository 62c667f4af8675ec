"""Both sides' stored slices merged again, with proof that they belong together: every worker in every round.

Centring by round is right only where a round is the same few moments for all. A file that lost a worker or a round, or
two files that never ran side by side, show in the grid of workers and rounds and in the order of the clock's times.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from opbench.gate.samples import SIDES, Side, Slice, StageSamples


def merge_sides(benchmark: str, stages: Mapping[Side, Mapping[str, Sequence[Slice]]]) -> dict[str, StageSamples]:
    """By stage. Raises ValueError, saying what is missing or out of step."""
    base, head = (sorted(stages[side]) for side in SIDES)
    if base != head:
        raise ValueError(f"base has the stages {', '.join(base) or 'none'}, head {', '.join(head) or 'none'}")
    return {stage: _merge_stage(benchmark, stage, {side: stages[side][stage] for side in SIDES}) for stage in base}


def _merge_stage(benchmark: str, stage: str, slices: Mapping[Side, Sequence[Slice]]) -> StageSamples:
    workers = {side: {turn.worker for turn in slices[side]} for side in SIDES}
    if both := workers["base"] & workers["head"]:
        raise ValueError(f"worker {min(both)} is on both sides in stage {stage}")
    if len(workers["base"]) != len(workers["head"]):
        raise ValueError(f"{len(workers['base'])} base and {len(workers['head'])} head workers in stage {stage}")
    merged = [*slices["base"], *slices["head"]]
    rounds = _by_round(merged, workers["base"] | workers["head"], stage)
    for number, turns in enumerate(rounds):
        _require_alike(turns, f"round {number} of stage {stage}")
    for number, (before, after) in enumerate(pairwise(rounds)):
        if max(turn.at_s for turn in before) > min(turn.at_s for turn in after):
            raise ValueError(f"round {number + 1} of stage {stage} began before round {number} ended: not in lockstep")
    sides: dict[int, Side] = {worker: side for side in SIDES for worker in workers[side]}
    return StageSamples(benchmark, stage, sides, merged)


def _by_round(slices: Sequence[Slice], workers: set[int], stage: str) -> list[list[Slice]]:
    """Slices of each round in the order of their turns; every worker exactly once in each, rounds from 0 on."""
    rounds: dict[int, list[Slice]] = {}
    for turn in slices:
        rounds.setdefault(turn.round, []).append(turn)
    if sorted(rounds) != list(range(len(rounds))):
        raise ValueError(f"of {max(rounds) + 1} rounds of stage {stage}, {len(rounds)} are there")
    for number, turns in rounds.items():
        if sorted(turn.worker for turn in turns) != sorted(workers):
            raise ValueError(f"round {number} of stage {stage} has {len(turns)} slices for {len(workers)} workers")
    return [sorted(rounds[number], key=lambda turn: turn.order) for number in sorted(rounds)]


def _require_alike(turns: Sequence[Slice], where: str) -> None:
    if len({turn.order for turn in turns}) != len(turns):
        raise ValueError(f"two workers had the same turn in {where}")
    if any(before.at_s > after.at_s for before, after in pairwise(turns)):
        raise ValueError(f"the turns of {where} are not in the order of their times: not in lockstep")
    counts = {"calls a sample": {turn.calls for turn in turns}, "samples": {len(turn.samples_s) for turn in turns}}
    for what, numbers in counts.items():
        if len(numbers) > 1:
            raise ValueError(f"workers took {' and '.join(map(str, sorted(numbers)))} {what} in {where}")
