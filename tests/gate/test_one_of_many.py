"""Suites of made recordings in which one benchmark is slower by a known factor: exactly that one is named."""

from __future__ import annotations

import random
from collections import Counter
from functools import lru_cache

import pytest

from opbench.gate.decision.verdict import Verdict
from opbench.gate.files.recording import Recording
from opbench.gate.stats.rule import DEFAULT

from .replaying import SUITE, ours, suite, synthetic

SEEDS = 20
SPREADS = (0.002, 0.004, 0.006, 0.008)
"""Standard deviations between workers; the last is what memory-bound kernels of the recordings have."""


@lru_cache(maxsize=SEEDS)
def tapes(seed: int) -> list[Recording]:
    """A whole suite's, each made of its own numbers: no two of its benchmarks share a worker."""
    return [synthetic(f"made_{at}", seed=SUITE * seed + at, spread=SPREADS[at % len(SPREADS)]) for at in range(SUITE)]


def named(slower: int | None, factor: float, seed: int) -> dict[str, Verdict]:
    """What is not passed, in one suite of 20 whose benchmark number `slower` is slower by the factor."""
    draw = random.Random(seed)
    dealt = suite(tapes(seed), SUITE, draw)
    names = list(dealt)
    if slower is not None:
        dealt[names[slower]] = dealt[names[slower]].with_slower_head(factor)
    verdicts = {one.benchmark: one.verdict for one in ours(dealt, DEFAULT, draw)}
    return {name: verdict for name, verdict in verdicts.items() if verdict is not Verdict.PASS}


@pytest.mark.parametrize(("factor", "verdict"), [(1.06, Verdict.REGRESSION), (1 / 1.06, Verdict.FASTER)])
def test_the_one_benchmark_that_changed_is_named_and_no_other(factor: float, verdict: Verdict) -> None:
    """In 19 of 20 suites at least, wherever in the suite it is and however much its workers differ."""
    exactly = 0
    wrong: Counter[str] = Counter()
    for seed in range(SEEDS):
        slower = seed % SUITE
        found = named(slower, factor, seed)
        changed = f"made_{slower}#{slower}"
        exactly += found == {changed: verdict}
        wrong.update(name for name, said in found.items() if name != changed and said is not Verdict.INCONCLUSIVE)
    assert not wrong
    assert exactly >= SEEDS - 1


def test_in_suites_where_nothing_changed_nothing_is_named() -> None:
    verdicts = Counter(verdict for seed in range(SEEDS) for verdict in named(None, 1.0, seed).values())
    assert verdicts[Verdict.REGRESSION] == verdicts[Verdict.FASTER] == 0
    assert verdicts[Verdict.INCONCLUSIVE] <= SEEDS * SUITE // 100
