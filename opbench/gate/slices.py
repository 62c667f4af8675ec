"""What one worker measured in one turn, and what a stage of the gate adds up from such turns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

Side: TypeAlias = Literal["base", "head"]

SIDES: tuple[Side, Side] = ("base", "head")


@dataclass(frozen=True)
class Slice:
    """One turn of one worker at one benchmark: samples taken back to back, 6 to 16 ms of them.

    worker: number of the worker, unique in a run. round: number of the round, within the benchmark.
    order: place of the turn in its round. at_s: when it began, in seconds of the epoch. calls: calls one sample
    groups. samples_s: seconds per call. cpu_s: processor time of the whole process, user and system.
    faults: minor page faults. clock_hz: frequency of the device's clock while it ran, None on the CPU. core: the one
    it was held on, None where it could choose.
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
class Taken:
    """The slices of one benchmark in one stage: every worker has one in every round.

    stage: `screen`, `widen` or `confirm`. sides: the side of each worker, by its number.
    """

    benchmark: str
    stage: str
    sides: dict[int, Side]
    slices: Sequence[Slice]
