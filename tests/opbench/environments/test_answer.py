"""What judgements on two environments come to: rows by change, a mean, a promise, an exit code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from opbench.environments.answer import conclusion, difference_of, exit_code_of
from opbench.gate.decision.failures import BenchmarkFailure, Kind
from opbench.gate.decision.sequential_test import SequentialTest
from opbench.gate.decision.verdict import Judgement
from opbench.gate.pool.dry_run import DryRun
from opbench.gate.runs.artifacts import LiveRun
from opbench.gate.samples import SIDES, Side
from opbench.gate.stats.rule import DEFAULT

from ..gate.scripted_workers import Script, ScriptedFactory, fails, steady


def judged(scripts: Mapping[str, Script], failures: Mapping[str, Mapping[Side, str]] | None = None) -> LiveRun:
    """A run of those cases by the gate's own test; those of `failures` failed dry, on the sides that have a reason."""
    runs = {side: DryRun(environment={"threads": 1, "versions": {"torch": f"2.{side}"}}) for side in SIDES}
    failed = []
    for name, reasons in (failures or {}).items():
        for side, reason in reasons.items():
            kind: Kind = "skipped" if "unavailable" in reason else "invalid"
            runs[side].failures[name] = BenchmarkFailure(name, kind, reason)
        side = next(side for side in SIDES if side in reasons)
        failed.append(Judgement(name, runs[side].failures[name].verdict, f"{side}: {reasons[side]}"))
    judgements = SequentialTest(ScriptedFactory(scripts).start, DEFAULT).run(list(scripts)) if scripts else []
    return LiveRun([*failed, *judgements], [], runs, DEFAULT)


@pytest.mark.parametrize(
    ("ratio", "verdict", "code"), [(1.0, "no difference", 0), (1.3, "slower", 1), (1 / 1.3, "faster", 0)]
)
def test_a_confirmed_difference_is_named_and_none_is_none(ratio: float, verdict: str, code: int) -> None:
    run = judged({"it": steady(ratio)})
    difference = difference_of(run)
    (row,) = difference.rows
    assert row.verdict == verdict
    assert row.ratio is not None
    assert row.ratio.mid == pytest.approx(ratio)
    assert exit_code_of(run) == code
    assert conclusion(difference) == f"head against base: 1 {verdict}"
    text = str(difference)
    assert "versions.torch: 2.base in base, 2.head in head" in text
    assert "threads" not in text
    assert "99 %" in text
    assert "at most 1 % of runs" in text


def test_a_pass_whose_interval_reaches_below_the_tolerance_says_only_that_it_is_no_slower() -> None:
    run = judged({"it": steady(1.0)})
    (passed,) = run.judgements
    assert passed.comparison is not None
    wide = replace(passed, comparison=replace(passed.comparison, low=0.9))
    assert difference_of(replace(run, judgements=[wide])).rows[0].verdict == "no slower"


def test_what_changed_most_comes_first_and_what_was_not_compared_last_with_both_sides_reasons() -> None:
    failures: dict[str, dict[Side, str]] = {
        "gone": {"base": "unavailable: no driver", "head": "unavailable: no compiler"},
        "one": {"head": "unavailable: needs triton"},
    }
    run = judged({"same": steady(1.001), "slow": steady(1.2), "fast": steady(1 / 1.4)}, failures)
    difference = difference_of(run)
    assert [row.case for row in difference.rows] == ["fast", "slow", "same", "gone", "one"]
    assert difference.rows[3].reason == "base: unavailable: no driver; head: unavailable: no compiler"
    assert difference.rows[4].reason == "head: unavailable: needs triton"
    assert difference.rows[4].verdict == "not measured"
    mean = difference.geometric_mean
    assert mean is not None
    assert mean.mid == pytest.approx((1.001 * 1.2 / 1.4) ** (1 / 3))


def test_a_wrong_result_is_exit_code_1_what_is_absent_0_and_what_is_open_3() -> None:
    same = {"same": steady()}
    wrong: dict[str, dict[Side, str]] = {"bad": {"head": "wrong: 3 of 7 elements"}}
    run = judged(same, wrong)
    assert exit_code_of(run) == 1
    assert "head: wrong: 3 of 7 elements" in str(difference_of(run))
    assert conclusion(difference_of(run)) == "head against base: 1 no difference, 1 wrong"
    absent: dict[str, dict[Side, str]] = {"gone": {"base": "unavailable: no driver"}}
    assert exit_code_of(judged(same, absent)) == 0
    assert exit_code_of(judged({}, absent)) == 3
    open_ = judged({"wild": steady(1.0, spread=0.2)})
    assert exit_code_of(open_) == 3
    assert difference_of(open_).rows[0].verdict == "undecided"
    assert "between workers" in difference_of(open_).rows[0].reason
    assert exit_code_of(judged({**same, "it": fails("failed")})) == 1


def test_the_mean_of_what_the_same_processes_timed_is_as_wide_as_its_parts() -> None:
    difference = difference_of(judged({"one": steady(1.0, 0.002), "other": steady(1.0, 0.002)}))
    mean, part = difference.geometric_mean, difference.rows[0].ratio
    assert mean is not None
    assert part is not None
    assert mean.high == pytest.approx(part.high)
    apart = replace(difference, independent=True).geometric_mean
    assert apart is not None
    assert apart.high < mean.high
