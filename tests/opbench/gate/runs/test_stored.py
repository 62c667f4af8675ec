"""Stored files give the live run's verdicts where they hold what it saw, and no verdict where they do not."""

from __future__ import annotations

import json
import math
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from opbench.errors import UsageError
from opbench.gate.decision.stored_decision import StoredDesign, StoredRounds, decide_stored
from opbench.gate.decision.verdict import CANNOT_VOUCH, FAILED, PASSED, Judgement, Verdict, exit_code
from opbench.gate.runs.stored import judge_files
from opbench.gate.samples import SIDES, Slice, StageSamples
from opbench.gate.stats.reduce import Rounds
from opbench.gate.stats.rule import DEFAULT, Rule

from ..stored_pairs import BENCHMARKS, ONE_LOOK, Pair, synthetic, write_pair, write_plain

DESIGN = StoredDesign(1, "process", "processes", "run {needed} more")


def of(pair: Pair, rule: Rule = DEFAULT) -> list[Judgement]:
    return judge_files([pair.base], [pair.head], rule)


def plain(folder: Path, count: int, *, slowdown: float = 1.0, in_turns: bool = True, names: int = 4) -> list[Judgement]:
    base = write_plain(folder, "base", count, names=names)
    head = write_plain(folder, "head", count, slowdown=slowdown, in_turns=in_turns, names=names)
    return judge_files(base, head, DEFAULT)


def test_a_suspect_that_fresh_workers_confirm_is_a_regression(tmp_path: Path) -> None:
    samples = [synthetic(benchmark.id, workers=5, rounds=3) for benchmark in BENCHMARKS[1:]]
    slow = [synthetic(BENCHMARKS[0].id, slowdown=1.06, workers=5, rounds=3)]
    slow += [synthetic(BENCHMARKS[0].id, slowdown=1.06, workers=6, stage="confirm")]
    judged = of(write_pair(tmp_path, samples + slow, DEFAULT))
    assert [judgement.verdict for judgement in judged] == [Verdict.REGRESSION, Verdict.PASS, Verdict.PASS, Verdict.PASS]
    assert judged[0].comparison is not None
    assert judged[0].screening is not None
    assert (judged[0].screening.workers, judged[0].comparison.workers) == (5, 6)


def test_a_suspect_that_fresh_workers_clear_passes(tmp_path: Path) -> None:
    samples = [synthetic(benchmark.id, workers=5, rounds=3) for benchmark in BENCHMARKS[1:]]
    samples += [
        synthetic(BENCHMARKS[0].id, slowdown=1.06, workers=5, rounds=3),
        synthetic(BENCHMARKS[0].id, workers=6, stage="confirm"),
    ]
    judged = of(write_pair(tmp_path, samples, DEFAULT))
    assert judged[0].verdict is Verdict.PASS
    assert "not confirmed" in judged[0].reason


def test_a_confirmation_that_was_lost_is_no_regression(tmp_path: Path) -> None:
    """Screening stops when it sees something: what it stopped at proves nothing by itself."""
    judged = of(
        write_pair(
            tmp_path, [synthetic(benchmark.id, slowdown=1.06, workers=5, rounds=3) for benchmark in BENCHMARKS], DEFAULT
        )
    )
    assert {judgement.verdict for judgement in judged} == {Verdict.INCONCLUSIVE}
    assert exit_code(judged) == CANNOT_VOUCH


def test_too_few_fresh_workers_for_so_many_suspects_confirm_none(tmp_path: Path) -> None:
    samples = [synthetic(benchmark.id, slowdown=1.06, workers=5, rounds=3) for benchmark in BENCHMARKS]
    samples += [synthetic(benchmark.id, slowdown=1.06, workers=5, stage="confirm") for benchmark in BENCHMARKS]
    judged = of(write_pair(tmp_path, samples, DEFAULT))
    assert {judgement.verdict for judgement in judged} == {Verdict.INCONCLUSIVE}
    assert "5 + 5 fresh workers are too few to confirm anything" in judged[0].reason


def test_of_more_suspects_than_the_level_allows_for_so_many_workers_none_is_confirmed(tmp_path: Path) -> None:
    samples = [synthetic(benchmark.id, slowdown=1.06, workers=6, rounds=3) for benchmark in BENCHMARKS]
    samples += [synthetic(benchmark.id, slowdown=1.06, workers=6, stage="confirm") for benchmark in BENCHMARKS]
    rule = Rule(level=3 / 924)
    judged = of(write_pair(tmp_path, samples, rule), rule)
    assert {judgement.verdict for judgement in judged} == {Verdict.INCONCLUSIVE}
    assert "too few to confirm 4 suspects" in judged[0].reason


def test_beside_a_confirmation_nothing_is_a_regression_without_one(tmp_path: Path) -> None:
    """The level is spent on those that fresh workers looked at."""
    samples = [synthetic(benchmark.id, slowdown=1.06) for benchmark in BENCHMARKS]
    samples += [synthetic(BENCHMARKS[0].id, slowdown=1.06, workers=6, stage="confirm")]
    verdicts = [judgement.verdict for judgement in of(write_pair(tmp_path, samples))]
    assert verdicts == [Verdict.REGRESSION] + [Verdict.INCONCLUSIVE] * 3


def test_two_files_of_ours_for_one_side_are_refused(tmp_path: Path) -> None:
    pairs = []
    for seed in range(2):
        (tmp_path / str(seed)).mkdir()
        pairs.append(write_pair(tmp_path / str(seed), [synthetic(BENCHMARKS[0].id, seed=seed)]))
    with pytest.raises(UsageError, match="2 files of opbench gate for base"):
        judge_files([pair.base for pair in pairs], [pairs[0].head], DEFAULT)


def test_the_two_sides_were_decided_by_one_rule(tmp_path: Path) -> None:
    pair = write_pair(tmp_path, [synthetic(benchmark.id) for benchmark in BENCHMARKS])
    with pair.edit("head") as content:
        content["opbench"]["rule"]["looks"] = [3]
    with pytest.raises(UsageError, match="different rules"):
        of(pair)


def test_a_side_that_is_none_is_refused(tmp_path: Path) -> None:
    pair = write_pair(tmp_path, [synthetic(benchmark.id) for benchmark in BENCHMARKS])
    with pair.edit("head") as content:
        content["opbench"]["side"] = "third"
    with pytest.raises(UsageError, match="expected base or head"):
        of(pair)


def test_a_rule_that_never_looked_is_refused(tmp_path: Path) -> None:
    """Its p would be multiplied by less than nothing."""
    pair = write_pair(tmp_path, [synthetic(benchmark.id) for benchmark in BENCHMARKS])
    for side in SIDES:
        with pair.edit(side) as content:
            content["opbench"]["rule"]["looks"] = []
    with pytest.raises(UsageError, match="a rule without a look"):
        of(pair)


def test_a_widened_screening_counts_in_place_of_the_first(tmp_path: Path) -> None:
    samples = [synthetic(benchmark.id, slowdown=1.06, workers=5) for benchmark in BENCHMARKS]
    samples += [synthetic(benchmark.id, workers=8, stage="widen") for benchmark in BENCHMARKS]
    judged = of(write_pair(tmp_path, samples, DEFAULT))
    assert [judgement.verdict for judgement in judged] == [Verdict.PASS] * 4
    assert [judgement.comparison.workers for judgement in judged if judgement.comparison] == [8] * 4


def test_every_look_the_run_had_counts_against_a_regression_without_confirmation(tmp_path: Path) -> None:
    """7 + 7 wholly apart is p = 1/3432: with 4 benchmarks enough for 1 look and for 7, but not for 19."""
    samples = [synthetic(benchmark.id, slowdown=1.06) for benchmark in BENCHMARKS]
    for looks, verdict in ((1, Verdict.REGRESSION), (4, Verdict.REGRESSION), (10, Verdict.INCONCLUSIVE)):
        rule = replace(ONE_LOOK, looks=tuple(range(3, 3 + looks)))
        assert {judgement.verdict for judgement in of(write_pair(tmp_path, samples, rule))} == {verdict}, looks


def test_a_faster_head_is_reported_and_passes(tmp_path: Path) -> None:
    judged = of(write_pair(tmp_path, [synthetic(benchmark.id, slowdown=0.9) for benchmark in BENCHMARKS]))
    assert {judgement.verdict for judgement in judged} == {Verdict.FASTER}
    assert exit_code(judged) == PASSED


def test_every_look_the_run_had_counts_against_a_faster_head_without_confirmation_too(tmp_path: Path) -> None:
    samples = [synthetic(benchmark.id, slowdown=0.94) for benchmark in BENCHMARKS]
    for looks, verdict in ((1, Verdict.FASTER), (4, Verdict.FASTER), (10, Verdict.PASS)):
        rule = replace(ONE_LOOK, looks=tuple(range(3, 3 + looks)))
        assert {judgement.verdict for judgement in of(write_pair(tmp_path, samples, rule))} == {verdict}, looks


def test_fresh_workers_in_the_file_decide_whether_it_is_faster(tmp_path: Path) -> None:
    for fresh, verdict in ((0.9, Verdict.FASTER), (1.0, Verdict.PASS)):
        samples = [synthetic(benchmark.id, slowdown=0.9) for benchmark in BENCHMARKS]
        samples += [synthetic(benchmark.id, slowdown=fresh, stage="confirm") for benchmark in BENCHMARKS]
        assert {judgement.verdict for judgement in of(write_pair(tmp_path, samples))} == {verdict}


def test_one_plain_file_a_side_is_always_inconclusive_and_says_the_ratio(tmp_path: Path) -> None:
    for slowdown in (0.5, 1.0, 3.0):
        judged = plain(tmp_path, 1, slowdown=slowdown, names=20)
        assert {judgement.verdict for judgement in judged} == {Verdict.INCONCLUSIVE}
        assert exit_code(judged) == CANNOT_VOUCH
        assert judged[0].comparison is not None
        assert judged[0].comparison.ratio == pytest.approx(slowdown, rel=0.01)
        assert f"ratio {judged[0].comparison.ratio:.3f}, but 1 process a side" in judged[0].reason
        assert "20 benchmarks need 7 and 7" in judged[0].reason
        assert "--benchmark-json 7 times a side, in turns" in judged[0].reason
        assert judged[0].comparison.detectable == math.inf


def test_enough_plain_files_in_turns_pass_or_fail(tmp_path: Path) -> None:
    assert exit_code(plain(tmp_path, 7)) == PASSED
    assert exit_code(plain(tmp_path, 7, slowdown=1.05)) == FAILED


def test_a_plain_slowdown_within_the_tolerance_passes(tmp_path: Path) -> None:
    assert exit_code(plain(tmp_path, 7, slowdown=1.01)) == PASSED


def test_every_plain_verdict_says_that_drift_is_in_it(tmp_path: Path) -> None:
    assert all("not in lockstep: drift" in judgement.reason for judgement in plain(tmp_path, 7))


def test_plain_files_in_two_blocks_show_nothing_whatever_they_say(tmp_path: Path) -> None:
    for slowdown in (1.0, 1.05):
        judged = plain(tmp_path, 7, slowdown=slowdown, in_turns=False)
        assert {judgement.verdict for judgement in judged} == {Verdict.INCONCLUSIVE}
        assert "all of one side ran before the other" in judged[0].reason


def test_a_process_that_lost_a_benchmark_is_noticed(tmp_path: Path) -> None:
    """pytest-benchmark leaves out a test that failed."""
    base, head = write_plain(tmp_path, "base", 7), write_plain(tmp_path, "head", 7)
    content = json.loads(head[2].read_text())
    lost = content["benchmarks"].pop(1)["fullname"]
    head[2].write_text(json.dumps(content))
    judged = {judgement.benchmark: judgement for judgement in judge_files(base, head, DEFAULT)}
    assert judged[lost].verdict is Verdict.EMPTY
    assert "head2.json" in judged[lost].reason
    assert Counter(judgement.verdict for judgement in judged.values()) == {Verdict.PASS: 3, Verdict.EMPTY: 1}


def test_parameters_that_differ_within_a_side_are_noticed(tmp_path: Path) -> None:
    base, head = write_plain(tmp_path, "base", 7), write_plain(tmp_path, "head", 7)
    content = json.loads(head[2].read_text())
    content["benchmarks"][0]["params"] = {"n": 3}
    head[2].write_text(json.dumps(content))
    judged = judge_files(base, head, DEFAULT)
    assert Counter(judgement.verdict for judgement in judged) == {Verdict.PASS: 3, Verdict.CHANGED: 1}


def test_a_file_given_twice_or_copied_is_not_a_further_process(tmp_path: Path) -> None:
    base, head = write_plain(tmp_path, "base", 2), write_plain(tmp_path, "head", 2)
    copy = tmp_path / "copy.json"
    copy.write_text(json.dumps(json.loads(base[0].read_text()), indent=4))
    with pytest.raises(UsageError, match="given twice"):
        judge_files([base[0], tmp_path / "." / base[0].name], head, DEFAULT)
    with pytest.raises(UsageError, match="is a copy"):
        judge_files([*base, copy], head, DEFAULT)


def test_a_machine_of_one_file_among_many_is_noticed(tmp_path: Path) -> None:
    base, head = write_plain(tmp_path, "base", 7), write_plain(tmp_path, "head", 7)
    content = json.loads(base[3].read_text())
    content["machine_info"]["cpu"]["brand_raw"] = "Xeon"
    base[3].write_text(json.dumps(content))
    assert {judgement.verdict for judgement in judge_files(base, head, DEFAULT)} == {Verdict.MACHINE}


def test_a_file_that_names_no_machine_is_of_another_one(tmp_path: Path) -> None:
    base, head = write_plain(tmp_path, "base", 7), write_plain(tmp_path, "head", 7)
    for path in (*base, *head):
        content = json.loads(path.read_text())
        del content["machine_info"]
        path.write_text(json.dumps(content))
    judged = judge_files(base, head, DEFAULT)
    assert {judgement.verdict for judgement in judged} == {Verdict.MACHINE}
    assert "does not say which machine" in judged[0].reason


def test_another_machine_that_is_allowed_is_compared_and_named(tmp_path: Path) -> None:
    base, head = write_plain(tmp_path, "base", 7), write_plain(tmp_path, "head", 7, slowdown=1.05)
    for path in head:
        path.write_text(path.read_text().replace("EPYC 7003", "EPYC 9004"))
    judged = judge_files(base, head, DEFAULT)
    assert {judgement.verdict for judgement in judged} == {Verdict.MACHINE}
    assert "cpu 'EPYC 7003' against 'EPYC 9004'" in judged[0].reason
    judged = judge_files(base, head, DEFAULT, {Verdict.MACHINE})
    assert {judgement.verdict for judgement in judged} == {Verdict.REGRESSION}
    assert "'EPYC 9004'" in judged[0].reason


def test_no_file_for_a_side_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no file for head"):
        judge_files(write_plain(tmp_path, "base", 1), [], DEFAULT)


@pytest.mark.parametrize(("tests", "needed"), [(1, 5), (2, 5), (3, 6), (9, 6), (10, 7), (20, 7), (34, 7), (35, 8)])
def test_the_number_of_processes_asked_for_is_the_fewest_that_can_show_it(tests: int, needed: int) -> None:
    """1/252, 1/924 and 1/3432 against 1 % over so many tests; below 5 and 5 no interval attains 99 %."""
    assert DEFAULT.fewest_separable(tests) == needed


def test_workers_of_the_same_code_are_almost_never_a_regression() -> None:
    """Of 40 suites of 20 benchmarks, 0.4 are expected at a level of 1 %; without Holm's correction 7."""
    draw = np.random.default_rng(7)
    head = np.arange(14) % 2 == 1
    regressions = 0
    for _ in range(40):
        stored = [StoredRounds(str(name), Rounds(draw.normal(-7, 0.05, (1, 14)), head)) for name in range(20)]
        regressions += any(
            judgement.verdict is Verdict.REGRESSION for judgement in decide_stored(stored, DEFAULT, DESIGN)
        )
    assert regressions <= 2


def test_a_slowdown_in_seconds_alone_is_no_regression() -> None:
    """A device whose clock was lower for head: the cycles are the same."""
    draw = np.random.default_rng(7)
    head = np.arange(14) % 2 == 1
    cycles = draw.normal(10, 1e-3, (12, 14))
    rounds = Rounds(cycles - 20 + np.where(head, 0.05, 0.0), head)
    assert decide_stored([StoredRounds("a", rounds)], DEFAULT, DESIGN)[0].verdict is Verdict.REGRESSION
    judged = decide_stored([StoredRounds("a", replace(rounds, cycles=cycles))], DEFAULT, DESIGN)
    assert judged[0].verdict is Verdict.INCONCLUSIVE


def clocked(slowdown: float, hertz: Callable[[StageSamples, Slice], float]) -> list[StageSamples]:
    """FOUND played on a device whose clock that function of a slice tells."""
    stored = [synthetic(benchmark.id, slowdown=slowdown) for benchmark in BENCHMARKS]
    return [replace(p, slices=[replace(turn, clock_hz=hertz(p, turn)) for turn in p.slices]) for p in stored]


def test_a_stored_slowdown_has_to_show_in_cycles_too(tmp_path: Path) -> None:
    usual = clocked(1.05, lambda *_: 2e9)
    assert {judgement.verdict for judgement in of(write_pair(tmp_path, usual))} == {Verdict.REGRESSION}
    lower = clocked(1.04, lambda samples, turn: 2e9 / (1.04 if samples.sides[turn.worker] == "head" else 1.0))
    assert {judgement.verdict for judgement in of(write_pair(tmp_path, lower))} == {Verdict.INCONCLUSIVE}


def test_a_device_that_was_throttled_in_most_stored_rounds_gives_no_verdict(tmp_path: Path) -> None:
    hot = clocked(1.0, lambda _, turn: 1e9 if turn.round % 3 == 0 else 2e9)
    judged = of(write_pair(tmp_path, hot))
    assert {judgement.verdict for judgement in judged} == {Verdict.INCONCLUSIVE}
    assert "throttled" in judged[0].reason


def test_rounds_with_a_problem_give_no_verdict() -> None:
    draw = random.Random(7)
    head = np.arange(14) % 2 == 1
    logs = np.array([[draw.gauss(-7, 1e-3) for _ in range(14)]]) + np.where(head, 0.05, 0.0)
    for shifted in (logs, logs - np.where(head, 0.05, 0.0)):
        judged = decide_stored([StoredRounds("a", Rounds(shifted, head, problem="throttled"))], DEFAULT, DESIGN)
        assert (judged[0].verdict, judged[0].reason) == (Verdict.INCONCLUSIVE, "throttled")
