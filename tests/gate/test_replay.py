"""The gate replayed on recorded workers: what it promises, and the other tools on the same seconds.

Each test replays a few hundred benchmarks and has room for chance; thousands of suites are replayed by
`python -m benchmarks.gate.rules`, whose table is in docs/gate.md.
"""

from __future__ import annotations

import random
from collections import Counter
from functools import lru_cache

import numpy as np
import pytest

from opbench.errors import UsageError
from opbench.gate.decision.verdict import Judgement, Verdict
from opbench.gate.files.recording import Recording
from opbench.gate.stats.rule import DEFAULT, Rule

from .replaying import (
    CONDITIONS,
    SUITE,
    Replayed,
    kind,
    ours,
    recordings,
    replayed,
    stored_and_later,
    suite,
    synthetic,
    with_slow_head,
    with_slow_mode,
)
from .rivals import RIVALS

CACHED, MEMORY = "cache-resident", "memory-bound"


@lru_cache(maxsize=16)
def cases(condition: str, runs: int, slowdown: float, rule: Rule) -> tuple[tuple[str, Judgement], ...]:
    """Replays in which every benchmark is slower by the same factor, with the kind of each.

    Kept: what was confirmed and whether its interval held the truth is asked of the same ones.
    """
    found: list[tuple[str, Judgement]] = []
    for seed in range(runs):
        draw = random.Random(seed)
        tapes = suite(recordings(condition), len(recordings(condition)), draw, slowdown)
        found += zip(map(kind, (tape.benchmark for tape in tapes.values())), ours(tapes, rule, draw), strict=True)
    return tuple(found)


def share(verdict: Verdict, condition: str, runs: int, slowdown: float, rule: Rule = DEFAULT) -> dict[str, float]:
    """The share that was judged so, of each kind of benchmark: both are told by the same replays."""
    found: dict[str, list[bool]] = {}
    for which, one in cases(condition, runs, slowdown, rule):
        found.setdefault(which, []).append(one.verdict is verdict)
    return {which: sum(judged) / len(judged) for which, judged in found.items()}


@lru_cache(maxsize=len(CONDITIONS))
def same_code(condition: str) -> tuple[Judgement, ...]:
    """40 suites of the same code. Kept: how often it fails and whether its intervals hold 1 is asked of the same."""
    found: list[Judgement] = []
    for seed in range(40):
        draw = random.Random(seed)
        found += ours(suite(recordings(condition), SUITE, draw), DEFAULT, draw)
    return tuple(found)


@pytest.mark.parametrize("condition", CONDITIONS)
def test_no_false_alarm_and_few_doubts_in_suites_of_the_same_code(condition: str) -> None:
    verdicts = Counter(one.verdict for one in same_code(condition))
    assert verdicts.total() == 40 * SUITE
    assert verdicts[Verdict.REGRESSION] == 0
    assert verdicts[Verdict.FASTER] == 0
    bound = {"quiet": 0.02, "antagonists": 0.10}[condition.rpartition("/")[2]]
    assert verdicts[Verdict.INCONCLUSIVE] / verdicts.total() <= bound


def test_screening_often_takes_the_same_code_for_faster_and_fresh_workers_never_do() -> None:
    """At a spread that makes false estimates large: an interval of 99 % lies below no change in one of 200 looks."""
    tapes = [synthetic(f"made_{seed}", seed=seed, spread=0.03) for seed in range(5)]
    verdicts: Counter[Verdict] = Counter()
    suspected = 0
    for seed in range(100):
        draw = random.Random(seed)
        for one in ours(suite(tapes, SUITE, draw), DEFAULT, draw):
            verdicts[one.verdict] += 1
            suspected += "it looked faster" in one.reason
    assert suspected >= 3
    assert verdicts[Verdict.FASTER] == 0
    assert verdicts[Verdict.REGRESSION] == 0


@pytest.mark.parametrize("condition", CONDITIONS)
@pytest.mark.parametrize(
    ("slowdown", "tolerance", "runs", "least"),
    [
        (1.03, 0.015, 60, {CACHED: 0.95}),
        (1.10, 0.03, 60, {MEMORY: 0.99}),
        (1.05, 0.03, 80, {CACHED: 0.99, MEMORY: 0.90}),
    ],
)
def test_a_true_slowdown_is_confirmed(
    condition: str, slowdown: float, tolerance: float, runs: int, least: dict[str, float]
) -> None:
    found = share(Verdict.REGRESSION, condition, runs, slowdown, Rule(tolerance=tolerance))
    for which, bound in least.items():
        assert found[which] >= bound - 0.02


@pytest.mark.parametrize("condition", CONDITIONS)
@pytest.mark.parametrize(
    ("slowdown", "least"),
    [(1 / 1.05, {CACHED: 0.90, MEMORY: 0.80}), (1 / 1.10, {CACHED: 0.97, MEMORY: 0.95})],
)
def test_a_true_speed_up_is_found(condition: str, slowdown: float, least: dict[str, float]) -> None:
    """Less often than as large a slowdown: what surely is no slower passes, and is not asked for more workers."""
    found = share(Verdict.FASTER, condition, 30, slowdown)
    for which, bound in least.items():
        assert found[which] >= bound - 0.02


@pytest.mark.parametrize(("extra", "least"), [(5, 1.04), (10, 1.08)])
def test_extra_work_is_confirmed_and_measured_as_it_was_on_its_own(extra: int, least: float) -> None:
    tapes = {tape.benchmark: tape for tape in recordings("epyc/quiet", extra)}
    caught = covered = trials = 0
    for seed in range(40):
        for one in ours(tapes, DEFAULT, random.Random(seed)):
            truth = tapes[one.benchmark].about["truth"]
            assert one.comparison is not None
            caught += one.verdict is Verdict.REGRESSION or truth < least
            covered += one.comparison.low / 1.01 <= truth <= one.comparison.high * 1.01  # the truth is measured, too
            trials += 1
    assert caught / trials >= 0.9
    assert covered / trials >= 0.95


@pytest.mark.parametrize("condition", CONDITIONS)
@pytest.mark.parametrize("slowdown", [1.05, 1.0, 1.02])
def test_the_interval_covers_the_truth(condition: str, slowdown: float) -> None:
    replays = [one for _, one in cases(condition, 80, slowdown, DEFAULT)] if slowdown != 1 else same_code(condition)
    inside = []
    for one in replays:
        assert one.comparison is not None
        inside.append(one.comparison.low <= slowdown <= one.comparison.high)
    assert len(inside) >= 400
    assert np.mean(inside) >= 0.98


NOISY = [synthetic(spread=spread, seed=5) for spread in (0.005, 0.01, 0.02)]


@pytest.mark.parametrize("source", [*CONDITIONS, "made"])
def test_the_printed_detectable_slowdown_is_the_one_confirmed_nine_times_in_ten(source: str) -> None:
    for tape in NOISY if source == "made" else recordings(source):
        told = np.median([one.comparison.detectable for one in runs_of(tape, 40, 1.0) if one.comparison is not None])
        caught = {
            factor: np.mean([one.verdict is Verdict.REGRESSION for one in runs_of(tape, 40, 1 + factor * float(told))])
            for factor in (0.75, 1.25)
        }
        assert caught[0.75] < 0.95, tape.benchmark  # 0.9, and 40 runs' chance
        assert caught[1.25] > 0.85, tape.benchmark


def runs_of(tape: Recording, runs: int, slowdown: float) -> list[Judgement]:
    found = []
    for seed in range(runs):
        draw = random.Random(seed)
        found += ours(suite([tape], 1, draw, slowdown), DEFAULT, draw)
    return found


@pytest.mark.parametrize("condition", CONDITIONS)
def test_a_slow_mode_on_both_sides_never_fails_a_suite_and_is_named(condition: str) -> None:
    named = bimodal = 0
    for seed in range(20):  # 1,600 benchmarks over all conditions
        draw = random.Random(seed)
        dealt = suite(recordings(condition), SUITE, draw)
        planted = {name: with_slow_mode(tape, 2.6, 0.25, draw)[0] for name, tape in dealt.items()}
        for one in ours(planted, DEFAULT, draw):
            assert one.verdict is not Verdict.REGRESSION
            assert one.comparison is not None
            bimodal += one.comparison.spread > 0.1
            named += one.comparison.spread > 0.1 and one.comparison.modes is not None
    assert bimodal > 200
    assert named / bimodal >= 0.99


@pytest.mark.parametrize("condition", CONDITIONS)
def test_a_head_that_is_slow_in_one_process_of_eight_is_left_open_wherever_one_is_met(condition: str) -> None:
    """In a fifth of runs none of head's 12 workers is one, and nobody can tell. Middles of the sides do not differ."""
    verdicts: Counter[Verdict] = Counter()
    for seed in range(20):
        draw = random.Random(seed)
        dealt = suite(recordings(condition), SUITE, draw)
        planted = {name: with_slow_head(tape, 2.0, 1 / 8, draw) for name, tape in dealt.items()}
        verdicts.update(one.verdict for one in ours(planted, DEFAULT, draw))
    assert verdicts[Verdict.REGRESSION] == verdicts[Verdict.FASTER] == 0
    assert verdicts[Verdict.INCONCLUSIVE] / verdicts.total() >= 0.72


@pytest.mark.parametrize("condition", CONDITIONS)
def test_in_the_same_seconds_no_other_tool_tells_slower_code_from_the_same_so_well(condition: str) -> None:
    alarms, caught = (tally(condition, slowdown) for slowdown in (1.0, 1.05))
    assert alarms["ours"] == 0
    told = {rule: (caught[rule] - alarms[rule]) / TALLIED for rule in ("ours", *(rival.name for rival in RIVALS))}
    assert told["ours"] >= 0.9
    assert max(told[rival.name] for rival in RIVALS) <= told["ours"] - 0.1


TALLIED = 100


def tally(condition: str, slowdown: float) -> Counter[str]:
    """How many of the same TALLIED benchmarks each rule calls slower."""
    found: Counter[str] = Counter()
    for seed in range(TALLIED // 5):
        draw = random.Random(seed)
        tapes = suite(recordings(condition), 5, draw, slowdown)
        for one in replayed(tapes, DEFAULT, draw):
            found["ours"] += one.judgement.verdict is Verdict.REGRESSION
            runs = stored_and_later(tapes[one.judgement.benchmark], one.slices, draw)
            found.update(rival.name for rival in RIVALS if rival.regression(runs.base, runs.head))
    return found


def test_a_missing_recording_is_an_error_that_says_how_to_make_it() -> None:
    with pytest.raises(UsageError, match=r"python -m benchmarks\.gate\.tapes noisy --output .*epyc makes it"):
        recordings("epyc/noisy")


def test_all_turns_are_counted_those_before_widening_too() -> None:
    tapes = suite([synthetic(spread=0.03)], 1, random.Random(1))
    found: list[Replayed] = replayed(tapes, DEFAULT, random.Random(1))
    assert found[0].judgement.verdict is Verdict.INCONCLUSIVE
    # Its rounds agree, which takes three set-ups to see, so more of them are asked for in neither stage.
    assert found[0].slices == (2 * DEFAULT.workers + 2 * DEFAULT.widened) * DEFAULT.looks[2]


def test_a_stored_run_and_a_later_one_share_neither_rounds_nor_worker_and_drift_either_way() -> None:
    tape = suite([synthetic()], 1, random.Random(1))["small_made#0"]
    samples = np.arange(tape.samples_s.size, dtype=float).reshape(tape.samples_s.shape)
    numbered = Recording(tape.benchmark, tape.logs, tape.head, samples)
    base_first = 0
    for seed in range(40):
        runs = stored_and_later(numbered, 30, random.Random(seed))
        assert runs.slices == 30
        assert len(runs.base) == len(runs.head) == 15 * tape.samples_s.shape[2]
        base, base_workers, _ = np.unravel_index(runs.base.astype(int), samples.shape)
        head, head_workers, _ = np.unravel_index(runs.head.astype(int), samples.shape)
        assert base.max() < head.min() or head.max() < base.min()
        assert not tape.head[base_workers].any()
        assert tape.head[head_workers].all()
        assert len(set(base_workers)) == len(set(head_workers)) == 1
        base_first += base.max() < head.min()
    assert 8 < base_first < 32
    assert stored_and_later(numbered, 1_000, random.Random(2)).slices == len(tape.logs)
