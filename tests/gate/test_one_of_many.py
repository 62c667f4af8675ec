"""Suites of made recordings in which one benchmark is slower by a known factor: exactly that one is named."""

from __future__ import annotations

import random
from collections import Counter
from functools import lru_cache
from itertools import cycle

import pytest

from opbench.gate.decision.verdict import Judgement, Verdict
from opbench.gate.files.recording import Recording
from opbench.gate.stats.rule import DEFAULT

from .replaying import SUITE, ours, suite, synthetic, with_slower_head

SEEDS = 20
QUIET = (0.002, 0.004, 0.006, 0.008)
"""Standard deviations between workers; the last is what memory-bound kernels of the recordings have."""
NOISY = (0.06,)
"""Where screening is wrong now and then, and by more than the tolerance: only fresh workers tell chance from truth."""


@lru_cache(maxsize=SEEDS)
def tapes(seed: int, spreads: tuple[float, ...]) -> list[Recording]:
    """A whole suite's, each made of its own numbers: no two of its benchmarks share a worker."""
    numbered = zip(range(SUITE), cycle(spreads), strict=False)
    return [synthetic(f"made_{at}", seed=SUITE * seed + at, spread=spread) for at, spread in numbered]


def judged(seed: int, spreads: tuple[float, ...], slower: int = 0, factor: float = 1.0) -> list[Judgement]:
    """One run of the gate over a suite of 20 whose benchmark number `slower` is slower by the factor."""
    draw = random.Random(seed)
    dealt = suite(tapes(seed, spreads), SUITE, draw)
    changed = list(dealt)[slower]
    dealt[changed] = with_slower_head(dealt[changed], factor)
    return ours(dealt, DEFAULT, draw)


@pytest.mark.parametrize(("factor", "verdict"), [(1.06, Verdict.REGRESSION), (1 / 1.06, Verdict.FASTER)])
def test_the_one_benchmark_that_changed_is_named_and_no_other(factor: float, verdict: Verdict) -> None:
    """In 19 of 20 suites at least, wherever in the suite it is and however much its workers differ."""
    exactly = 0
    wrong: Counter[str] = Counter()
    for seed in range(SEEDS):
        slower = seed % SUITE
        judgements = judged(seed, QUIET, slower, factor)
        found = {one.benchmark: one.verdict for one in judgements if one.verdict is not Verdict.PASS}
        changed = f"made_{slower}#{slower}"
        exactly += found == {changed: verdict}
        wrong.update(name for name, said in found.items() if name != changed and said is not Verdict.INCONCLUSIVE)
    assert not wrong
    assert exactly >= SEEDS - 1


def test_in_suites_where_nothing_changed_nothing_is_named() -> None:
    verdicts = Counter(one.verdict for seed in range(SEEDS) for one in judged(seed, QUIET))
    assert verdicts[Verdict.PASS] >= 0.99 * SEEDS * SUITE
    assert verdicts[Verdict.REGRESSION] == verdicts[Verdict.FASTER] == 0


def test_what_noise_makes_a_suspect_of_is_not_named_either() -> None:
    """The level is one false alarm in a hundred suites; here are 20, in which screening is wrong several times."""
    judgements = [one for seed in range(SEEDS) for one in judged(seed, NOISY)]
    assert sum(one.screening is not None for one in judgements) >= 3
    verdicts = Counter(one.verdict for one in judgements)
    assert verdicts[Verdict.REGRESSION] == verdicts[Verdict.FASTER] == 0
