"""Suites of made recordings in which one benchmark is slower by a known factor: exactly that one is named."""

from __future__ import annotations

import random
from collections import Counter
from functools import lru_cache
from itertools import cycle

import pytest

from opbench.gate.decision.verdict import Verdict
from opbench.gate.files.recording import Recording
from opbench.gate.stats.rule import DEFAULT

from .replaying import SUITE, ours, suite, synthetic

SEEDS = 20
QUIET = (0.002, 0.004, 0.006, 0.008)
"""Standard deviations between workers; the last is what memory-bound kernels of the recordings have."""
NOISY = (0.004, 0.01, 0.02, 0.03)
"""Where 12 workers a side differ by the tolerance now and then, and only fresh ones tell chance from truth."""


@lru_cache(maxsize=SEEDS)
def tapes(seed: int, spreads: tuple[float, ...]) -> list[Recording]:
    """A whole suite's, each made of its own numbers: no two of its benchmarks share a worker."""
    numbered = zip(range(SUITE), cycle(spreads), strict=False)
    return [synthetic(f"made_{at}", seed=SUITE * seed + at, spread=spread) for at, spread in numbered]


def named(seed: int, spreads: tuple[float, ...], slower: int = 0, factor: float = 1.0) -> dict[str, Verdict]:
    """What is not passed, in one suite of 20 whose benchmark number `slower` is slower by the factor."""
    draw = random.Random(seed)
    dealt = suite(tapes(seed, spreads), SUITE, draw)
    changed = list(dealt)[slower]
    dealt[changed] = dealt[changed].with_slower_head(factor)
    verdicts = {one.benchmark: one.verdict for one in ours(dealt, DEFAULT, draw)}
    return {name: verdict for name, verdict in verdicts.items() if verdict is not Verdict.PASS}


@pytest.mark.parametrize(("factor", "verdict"), [(1.06, Verdict.REGRESSION), (1 / 1.06, Verdict.FASTER)])
def test_the_one_benchmark_that_changed_is_named_and_no_other(factor: float, verdict: Verdict) -> None:
    """In 19 of 20 suites at least, wherever in the suite it is and however much its workers differ."""
    exactly = 0
    wrong: Counter[str] = Counter()
    for seed in range(SEEDS):
        slower = seed % SUITE
        found = named(seed, QUIET, slower, factor)
        changed = f"made_{slower}#{slower}"
        exactly += found == {changed: verdict}
        wrong.update(name for name, said in found.items() if name != changed and said is not Verdict.INCONCLUSIVE)
    assert not wrong
    assert exactly >= SEEDS - 1


@pytest.mark.parametrize(("spreads", "open_share"), [(QUIET, 0.01), (NOISY, 0.4)])
def test_in_suites_where_nothing_changed_nothing_is_named(spreads: tuple[float, ...], open_share: float) -> None:
    """The level is one false alarm in a hundred suites; what noise leaves open is said to be open."""
    verdicts = Counter(verdict for seed in range(SEEDS) for verdict in named(seed, spreads).values())
    assert verdicts[Verdict.REGRESSION] == verdicts[Verdict.FASTER] == 0
    assert verdicts[Verdict.INCONCLUSIVE] <= open_share * SEEDS * SUITE
