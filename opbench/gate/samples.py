"""What one worker measured in one turn, and what all workers measured of one benchmark in one stage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

Side: TypeAlias = Literal["base", "head"]

SIDES: tuple[Side, Side] = ("base", "head")

SETUP_ROUNDS = 2
"""Rounds that one set-up of a benchmark serves; then its fixtures are made anew, in other memory. Of 2 to 4 ms kernels
that stream 24 to 48 MiB, the same worker's set-ups differ by 1.8 to 2.5 %, of kernels up to 400 us by 0.1 to 0.7 %
(12 workers, 5 set-ups each, EPYC 9004 VM); on a Xeon (model 207) by 2.4 % for 104 us and by 8 % for 2.5 ms, besides 3
and 9 % between rounds: what one set-up has by luck must not be the worker's for good. A set-up costs what a round does,
so that more than two rounds of each would tell less in the same time."""


@dataclass(frozen=True)
class Slice:
    """One turn of one worker at one benchmark: samples taken back to back, 6 to 16 ms of them.

    worker: number of the worker, unique in a run.
    round: number of the round, within the benchmark.
    order: place of the turn in its round.
    at_s: when it began, in seconds of the epoch.
    calls: that one sample groups.
    samples_s: seconds per call.
    cpu_s: processor time of the whole process, user and system.
    faults: minor page faults.
    clock_hz: frequency of the device's clock while it ran, None on the CPU.
    core: the one it was pinned to, None where it could choose.
    """

    worker: int
    round: int
    order: int
    at_s: float
    calls: int
    samples_s: tuple[float, ...]
    cpu_s: float
    faults: int
    clock_hz: float | None = None
    core: int | None = None


@dataclass(frozen=True)
class StageSamples:
    """The slices of one benchmark in one stage: every worker has one in every round.

    stage: `screen`, `widen` or `confirm`.
    sides: the side of each worker, by its number.
    """

    benchmark: str
    stage: str
    sides: dict[int, Side]
    slices: Sequence[Slice]
