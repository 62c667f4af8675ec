"""Two results: each case's ratio with its interval, what changed most first, and nothing decided that is not sure."""

from __future__ import annotations

from dataclasses import replace

import pytest

from opbench import Axes, Case, Check, Failed, Measured, Outcome, Point, Record
from opbench.custom.difference import Difference
from opbench.errors import UsageError

PASSED = Check(True, 3, 0, 0.0, 0.0, 0.0, 0.0)


def took(*samples_s: float) -> Measured:
    return Measured(PASSED, samples_s, 1, "target", 0.0, 1, 0.0, 0.0)


def records(**outcomes: Outcome) -> list[Record]:
    return [
        Record(Case(Point("mine", Axes({"rows": 3})), label), outcome, {}, "abc", "2026-01-01T12:00:00+00:00")
        for label, outcome in outcomes.items()
    ]


STEADY = took(*[1.0, 1.01, 0.99, 1.0, 1.01, 0.99, 1.0])


def scaled(factor: float, outcome: Measured = STEADY) -> Measured:
    return replace(outcome, samples_s=tuple(factor * one for one in outcome.samples_s))


def test_what_changed_most_comes_first_and_is_decided_where_the_interval_leaves_one_out() -> None:
    noisy = took(*[1.0, 1.3, 0.7, 1.2, 0.8, 1.0, 1.1])
    here = records(
        slower=scaled(3.0), faster=scaled(0.5), same=STEADY, noisy=scaled(1.1, noisy), gone=Failed("check", "x")
    )
    there = records(slower=STEADY, faster=STEADY, same=STEADY, noisy=noisy, gone=STEADY)
    found = Difference.of(here, there)
    verdicts = {row.case.split()[0]: row.verdict for row in found.rows}
    assert list(verdicts)[:2] == ["slower", "faster"]
    assert verdicts == {
        "slower": "slower",
        "faster": "faster",
        "same": "undecided",
        "noisy": "undecided",
        "gone": "not measured",
    }
    mean = found.geometric_mean
    assert mean is not None
    assert mean.mid == pytest.approx((3.0 * 0.5 * 1.0 * 1.1) ** 0.25)
    assert mean.low < mean.mid < mean.high
    assert [row.case.split()[0] for row in found.slower] == ["slower"]
    assert found.frame()["ratio"].isna().sum() == 1
    text = str(found)
    assert "failed here" in text
    assert "different times" in text


def test_cases_of_one_alone_are_named_and_without_a_common_one_there_is_no_difference() -> None:
    found = Difference.of(records(both=STEADY, mine=STEADY), records(both=STEADY, yours=STEADY))
    assert ["mine" in key for key in found.only_here] == ["yours" in key for key in found.only_there] == [True]
    assert "only there: mine/float32/cpu/forward/wall/rows=3/yours" in str(found)
    with pytest.raises(UsageError, match=r"no case in common: one has .*/a, the other .*/b"):
        Difference.of(records(a=STEADY), records(b=STEADY))
    with pytest.raises(UsageError, match="the other none"):
        Difference.of(records(a=STEADY), [])


def test_of_nothing_measured_there_is_no_mean() -> None:
    gone = Failed("check", "x")
    assert Difference.of(records(a=gone), records(a=gone)).geometric_mean is None


def test_what_was_measured_beside_other_work_decides_nothing() -> None:
    here = replace(scaled(3.0), contention="others used 1 core")
    (row,) = Difference.of(records(a=here), records(a=STEADY)).rows
    assert (row.verdict, row.reason) == ("undecided", "contended here")


def test_of_one_case_the_mean_is_its_ratio() -> None:
    found = Difference.of(records(a=scaled(2.0)), records(a=STEADY))
    mean, ratio = found.geometric_mean, found.rows[0].ratio
    assert mean is not None
    assert ratio is not None
    assert (mean.low, mean.mid, mean.high) == pytest.approx((ratio.low, ratio.mid, ratio.high))


def test_what_differs_of_the_circumstances_is_told_and_nothing_else() -> None:
    environment = {"threads": 2, "versions": {"torch": "2.13", "numpy": "2.0"}, "load_average": 0.5}
    here, there = (
        [replace(record, environment=changed) for record in records(a=STEADY)]
        for changed in (
            environment,
            environment | {"threads": 1, "versions": {"torch": "2.12", "numpy": "2.0"}, "load_average": 3},
        )
    )
    there[0] = replace(there[0], revision="def")
    found = Difference.of(here, there)
    assert found.circumstances == (
        "threads: 2 here, 1 there",
        "versions.torch: 2.13 here, 2.12 there",
        "revision: abc here, def there",
    )
    assert str(found).startswith("threads: 2 here, 1 there\n")
