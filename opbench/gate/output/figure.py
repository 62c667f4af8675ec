"""What the figure of a run's workers needs: for every benchmark each worker's value, and the judgement on it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from opbench.gate.decision.verdict import Judgement
from opbench.gate.output.table import by_urgency
from opbench.gate.samples import StageSamples
from opbench.gate.stats.reduce import Rounds, worker_effects
from opbench.gate.stats.throttle_filter import to_rounds


@dataclass(frozen=True)
class FigureRow:
    """One benchmark. Workers are times relative to base's median worker: 1.02 is 2 % above it.

    base, head: the workers that screened.
    fresh_base, fresh_head: those that were to confirm, by their own base's median, since they ran in other rounds;
        empty where nothing was suspected.
    """

    judgement: Judgement
    base: Sequence[float] = ()
    head: Sequence[float] = ()
    fresh_base: Sequence[float] = ()
    fresh_head: Sequence[float] = ()


def figure_rows(judgements: Sequence[Judgement], samples: Sequence[StageSamples]) -> list[FigureRow]:
    """Every judgement with the workers it rests on, those that need action first; of a widened screening the last."""
    rounds: dict[tuple[str, str], Rounds] = {}
    for stage_samples in samples:
        key, measured = (stage_samples.benchmark, stage_samples.stage), to_rounds(stage_samples)
        rounds[key] = rounds[key].extended_by(measured) if key in rounds else measured
    rows = []
    for judgement in by_urgency(judgements):
        screening = rounds.get((judgement.benchmark, "widen")) or rounds.get((judgement.benchmark, "screen"))
        confirmation = rounds.get((judgement.benchmark, "confirm"))
        rows.append(FigureRow(judgement, *_relative(screening), *_relative(confirmation)))
    return rows


def _relative(rounds: Rounds | None) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Base's and head's workers over base's median; nothing without rounds."""
    if rounds is None or not len(rounds):
        return (), ()
    values = worker_effects(rounds.logs, rounds.order)
    base, head = values[~rounds.head].tolist(), values[rounds.head].tolist()
    zero = median(base)
    return tuple(math.exp(value - zero) for value in base), tuple(math.exp(value - zero) for value in head)
