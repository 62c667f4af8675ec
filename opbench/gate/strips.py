"""What a figure of workers needs of one benchmark: every worker's value, and what was judged of them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from opbench.gate.rounds import worker_values

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opbench.gate.rounds import Rounds
    from opbench.gate.verdict import Judgement


@dataclass(frozen=True)
class Row:
    """One benchmark. Workers are times relative to base's median worker: 1.02 is 2 % above it.

    base, head: the workers that screened. fresh_base, fresh_head: those that were to confirm, by their own base's
    median, since they ran in other rounds; empty where nothing was suspected.
    """

    judgement: Judgement
    base: Sequence[float] = ()
    head: Sequence[float] = ()
    fresh_base: Sequence[float] = ()
    fresh_head: Sequence[float] = ()


def row(judgement: Judgement, screening: Rounds | None, confirmation: Rounds | None = None) -> Row:
    """screening: the rounds it was screened by, the last if it was widened; None where there are none."""
    return Row(judgement, *_relative(screening), *_relative(confirmation))


def _relative(rounds: Rounds | None) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Base's and head's workers over base's median."""
    if rounds is None or not len(rounds):
        return (), ()
    values = worker_values(rounds.logs, rounds.order)
    base, head = values[~rounds.head].tolist(), values[rounds.head].tolist()
    zero = median(base)
    return tuple(math.exp(value - zero) for value in base), tuple(math.exp(value - zero) for value in head)
