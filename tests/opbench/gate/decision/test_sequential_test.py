"""Screen, widen, confirm: which workers measure what, and what is concluded."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from opbench.gate.decision.sequential_test import SequentialTest
from opbench.gate.decision.verdict import Judgement, Verdict
from opbench.gate.samples import SETUP_ROUNDS
from opbench.gate.stats.reduce import Rounds
from opbench.gate.stats.rule import DEFAULT, Rule

from ..scripted_workers import Script, ScriptedFactory, fails, sides, staged, steady, uneven

WIDE = steady(spread=0.03)
UNSETTLEABLE = steady(spread=0.2)


def noisy() -> Script:
    """Every worker in every round elsewhere."""
    draw = np.random.default_rng(1)
    return lambda _, rounds, per_side: Rounds(draw.normal(scale=0.25, size=(rounds, 2 * per_side)), sides(per_side))


def run(script: Script, room: int = 100) -> tuple[Judgement, ScriptedFactory]:
    factory = ScriptedFactory({"it": script}, room)
    (judgement,) = SequentialTest(factory.start, DEFAULT).run(["it"])
    return judgement, factory


def test_same_code_passes_at_the_first_look_and_no_other_worker_is_started() -> None:
    judgement, factory = run(steady())
    assert judgement.verdict is Verdict.PASS
    assert factory.measured == [("screen", "it", 2, 12)]
    assert factory.started == [("screen", 12)]


def test_a_regression_takes_fresh_workers_to_be_confirmed() -> None:
    judgement, factory = run(steady(1.05))
    assert judgement.verdict is Verdict.REGRESSION
    assert factory.started == [("screen", 12), ("confirm", 6)]
    assert factory.measured[-1] == ("confirm", "it", 24, 6)  # after one set-up nobody knows whether more of them help
    assert judgement.comparison is not None
    assert judgement.comparison.workers == 6
    assert judgement.screening is not None
    assert judgement.screening.workers == 12


def test_a_suspicion_that_fresh_workers_do_not_share_is_no_regression() -> None:
    judgement, _ = run(staged(screen=steady(1.05), confirm=steady()))
    assert judgement.verdict is Verdict.PASS
    assert "not confirmed" in judgement.reason


def test_fresh_workers_that_are_slower_by_less_than_the_tolerance_confirm_nothing() -> None:
    judgement, _ = run(staged(screen=steady(1.05), confirm=steady(1.02)))
    assert judgement.verdict is Verdict.PASS


def test_fresh_workers_that_are_not_wholly_apart_leave_it_open() -> None:
    judgement, _ = run(staged(screen=steady(1.05), confirm=steady(1.05, spread=0.02)))
    assert judgement.verdict is Verdict.INCONCLUSIVE


def test_an_improvement_takes_fresh_workers_to_be_confirmed_too() -> None:
    judgement, factory = run(steady(0.9))
    assert judgement.verdict is Verdict.FASTER
    assert factory.started == [("screen", 12), ("confirm", 6)]
    assert "6 + 6 fresh workers confirm it, p = 0.0011" in judgement.reason
    assert judgement.screening is not None


@pytest.mark.parametrize("fresh", [steady(), steady(0.98), steady(1.02), steady(0.9, spread=0.05)])
def test_an_improvement_that_fresh_workers_do_not_share_is_a_plain_pass(fresh: Script) -> None:
    judgement, _ = run(staged(screen=steady(0.9), confirm=fresh))
    assert judgement.verdict is Verdict.PASS
    assert "it looked faster, not confirmed by 6 + 6 fresh workers, which saw" in judgement.reason
    assert judgement.comparison is not None
    assert judgement.comparison.ratio == pytest.approx(0.9)


def test_what_passes_and_may_be_faster_is_looked_at_again_but_no_worker_is_started_for_it() -> None:
    random = np.random.default_rng(3)

    def script(_stage: str, rounds: int, per_side: int) -> Rounds:
        head = sides(per_side)
        return Rounds(random.normal(scale=0.035, size=(rounds, 2 * per_side)) + np.log(0.965) * head, head)

    judgement, factory = run(script)
    assert judgement.verdict in {Verdict.PASS, Verdict.FASTER}
    assert {stage for stage, *_ in factory.measured} <= {"screen", "confirm"}
    assert factory.measured[1] == ("screen", "it", 2, 12)


def test_what_fresh_workers_see_slower_after_it_looked_faster_is_open() -> None:
    judgement, _ = run(staged(screen=steady(0.9), confirm=steady(1.1)))
    assert judgement.verdict is Verdict.INCONCLUSIVE


def test_an_improvement_without_workers_to_confirm_it_is_a_plain_pass() -> None:
    factory = ScriptedFactory({"it": steady(0.5)}, room=5)
    (judgement,) = SequentialTest(factory.start, Rule(workers=5)).run(["it"])
    assert judgement.verdict is Verdict.PASS
    assert "6 + 6 fresh workers" in judgement.reason


def test_an_improvement_must_show_in_cycles_too() -> None:
    def script(stage: str, rounds: int, per_side: int) -> Rounds:
        fast, same = steady(0.8)(stage, rounds, per_side), steady()(stage, rounds, per_side)
        return Rounds(fast.logs, fast.head, cycles=same.logs)

    judgement, _ = run(script)
    assert judgement.verdict is Verdict.PASS
    assert "cycles" in judgement.reason


def test_a_slowdown_within_the_tolerance_passes_and_is_named() -> None:
    judgement, _ = run(steady(1.01))
    assert judgement.verdict is Verdict.PASS
    assert "slower by less than that" in judgement.reason


def test_what_stays_open_gets_more_rounds_then_more_workers_then_no_pass() -> None:
    judgement, factory = run(noisy())
    assert {(stage, rounds, workers) for stage, _, rounds, workers in factory.measured} == {
        ("screen", SETUP_ROUNDS, 12),
        ("widen", SETUP_ROUNDS, 20),
    }
    stages = Counter(stage for stage, *_ in factory.measured)
    assert stages == {"screen": DEFAULT.looks[-1] // SETUP_ROUNDS, "widen": DEFAULT.looks[-1] // SETUP_ROUNDS}
    assert judgement.verdict is Verdict.INCONCLUSIVE


@pytest.mark.parametrize(("ratio", "rounds"), [(1.01, 6), (1.026, 8)])
def test_between_looks_passes_only_what_lies_far_below_the_tolerance(ratio: float, rounds: int) -> None:
    """Workers that lie far apart in three rounds and the other way round in three: from the sixth on they agree."""
    signs = iter([1, 1, 1, -1, -1, -1, 0, 0])

    def script(_stage: str, measured: int, per_side: int) -> Rounds:
        wide, level = WIDE("screen", 1, per_side).logs, steady(ratio, spread=0.0)("screen", 1, per_side)
        return Rounds(np.concatenate([level.logs + next(signs) * wide for _ in range(measured)]), level.head)

    judgement, factory = run(script)
    assert judgement.verdict is Verdict.PASS
    assert sum(taken for _, _, taken, _ in factory.measured) == rounds


def test_where_all_rounds_say_the_same_more_of_them_are_not_asked_for() -> None:
    judgement, factory = run(WIDE)
    assert [(stage, rounds, workers) for stage, _, rounds, workers in factory.measured] == [
        *4 * [("screen", 2, 12)],
        *4 * [("widen", 2, 20)],
    ]
    assert judgement.verdict is Verdict.INCONCLUSIVE


def test_where_the_spread_is_beyond_what_more_workers_can_settle_none_are_started_and_it_says_so() -> None:
    judgement, factory = run(UNSETTLEABLE)
    assert factory.measured == 4 * [("screen", "it", 2, 12)]
    assert judgement.verdict is Verdict.INCONCLUSIVE
    assert "between workers of one side; 20 + 20 workers would settle it in under 5 % of runs" in judgement.reason


def test_a_slowdown_larger_than_the_spread_is_never_given_up() -> None:
    judgement, _ = run(staged(screen=steady(1.5, spread=0.1), widen=steady(1.5), confirm=steady(1.5)))
    assert judgement.verdict is Verdict.REGRESSION


def test_a_slowdown_that_stands_out_less_is_tried_by_more_workers() -> None:
    _, factory = run(staged(screen=WIDE, widen=steady(1.06, spread=0.012), confirm=steady(1.06, spread=0.012)))
    assert factory.started[0] == ("screen", 12)
    assert 6 < factory.started[1][1] <= DEFAULT.most_confirming


def test_where_they_do_not_fit_the_fewest_try_it() -> None:
    factory = ScriptedFactory({"it": steady(1.06, spread=0.005)}, room=9)
    (judgement,) = SequentialTest(factory.start, Rule(workers=8)).run(["it"])
    assert factory.started == [("screen", 8), ("confirm", 6)]
    assert judgement.verdict is Verdict.REGRESSION


def test_more_workers_can_settle_what_rounds_could_not() -> None:
    judgement, factory = run(staged(screen=WIDE, widen=steady()))
    assert judgement.verdict is Verdict.PASS
    assert factory.measured[-1] == ("widen", "it", 2, 20)


def test_slow_workers_of_head_alone_are_looked_for_among_new_ones_and_then_it_is_no_pass() -> None:
    judgement, factory = run(uneven(base=0, head=2))
    assert factory.measured[-1][0] == "widen"
    assert factory.measured[-1][-1] == DEFAULT.widened
    assert judgement.verdict is Verdict.INCONCLUSIVE
    assert "2 of 40 workers 2.00x slower (base 0, head 2), a slow group that base does not have" in judgement.reason


@pytest.mark.parametrize("anew", [steady(), uneven(base=1, head=2)])
def test_what_new_workers_do_not_show_of_head_alone_passes(anew: Script) -> None:
    judgement, _ = run(staged(screen=uneven(base=0, head=2), widen=anew))
    assert judgement.verdict is Verdict.PASS


def test_slow_workers_of_both_sides_alike_do_not_prevent_a_pass() -> None:
    judgement, factory = run(uneven(base=2, head=2))
    assert judgement.verdict is Verdict.PASS
    assert factory.started == [("screen", 12)]


@pytest.mark.parametrize("screened", [0.9, 1.05])
def test_what_fresh_workers_show_to_be_slow_in_part_is_no_pass(screened: float) -> None:
    judgement, _ = run(staged(screen=steady(screened), confirm=uneven(base=0, head=1, ratio=min(screened, 1.0))))
    assert judgement.verdict is Verdict.INCONCLUSIVE
    assert "a slow group that base does not have" in judgement.reason


def test_a_slower_head_of_which_some_is_slower_still_is_a_regression() -> None:
    judgement, _ = run(uneven(base=0, head=2, ratio=1.05))
    assert judgement.verdict is Verdict.REGRESSION


def test_without_memory_for_more_workers_it_is_inconclusive_and_says_so() -> None:
    judgement, _ = run(WIDE, room=12)
    assert judgement.verdict is Verdict.INCONCLUSIVE
    assert "a full house" in judgement.reason


def test_a_suspect_that_no_fresh_workers_can_try_is_inconclusive() -> None:
    factory = ScriptedFactory({"it": steady(1.2)}, room=5)
    (judgement,) = SequentialTest(factory.start, Rule(workers=5)).run(["it"])
    assert judgement.verdict is Verdict.INCONCLUSIVE
    assert "6 + 6 fresh workers" in judgement.reason


@pytest.mark.parametrize("faster", [0, 5, 10])
def test_more_suspects_of_either_kind_are_tried_by_more_workers(faster: int) -> None:
    names = [f"b{number}" for number in range(10)]
    factory = ScriptedFactory({name: steady(0.8 if at < faster else 1.2) for at, name in enumerate(names)})
    judgements = SequentialTest(factory.start, DEFAULT).run(names)
    expected = [Verdict.FASTER] * faster + [Verdict.REGRESSION] * (10 - faster)
    assert [judgement.verdict for judgement in judgements] == expected
    assert factory.started[-1] == ("confirm", 7)  # ten times 1/924 is over 1 %


@pytest.mark.parametrize(
    ("kind", "verdict"),
    [
        ("crashed", Verdict.CRASHED),
        ("failed", Verdict.CRASHED),
        ("skipped", Verdict.SKIPPED),
        ("empty", Verdict.EMPTY),
        ("invalid", Verdict.INVALID),
    ],
)
def test_what_breaks_is_named_and_the_others_go_on(kind: str, verdict: Verdict) -> None:
    factory = ScriptedFactory({"it": fails(kind), "other": steady()})
    broken, other = SequentialTest(factory.start, DEFAULT).run(["it", "other"])
    assert broken.verdict is verdict
    assert broken.reason == "as planned in screen"
    assert other.verdict is Verdict.PASS


def test_a_suspect_whose_fresh_workers_crash_is_no_pass() -> None:
    judgement, _ = run(staged(screen=steady(1.2), confirm=fails("crashed")))
    assert judgement.verdict is Verdict.CRASHED


def test_a_time_that_is_not_a_number_is_invalid() -> None:
    def script(_stage: str, rounds: int, per_side: int) -> Rounds:
        logs = np.zeros((rounds, 2 * per_side))
        logs[:, 1] = np.nan
        return Rounds(logs, sides(per_side))

    assert run(script)[0].verdict is Verdict.INVALID


def test_throttled_rounds_are_never_a_verdict() -> None:
    def script(stage: str, rounds: int, per_side: int) -> Rounds:
        measured = steady(1.2)(stage, rounds, per_side)
        return Rounds(measured.logs, measured.head, problem="throttled")

    judgement, _ = run(script)
    assert judgement.verdict is Verdict.INCONCLUSIVE
    assert "throttled" in judgement.reason


def test_on_a_device_a_regression_must_show_in_cycles_too() -> None:
    def script(stage: str, rounds: int, per_side: int) -> Rounds:
        slow, same = steady(1.2)(stage, rounds, per_side), steady()(stage, rounds, per_side)
        return Rounds(slow.logs, slow.head, cycles=same.logs)

    judgement, _ = run(script)
    assert judgement.verdict is Verdict.INCONCLUSIVE
    assert "cycles" in judgement.reason


def test_no_benchmarks_start_no_workers() -> None:
    factory = ScriptedFactory({})
    assert SequentialTest(factory.start, DEFAULT).run([]) == []
    assert factory.started == []
