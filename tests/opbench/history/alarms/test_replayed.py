"""Alarms of replayed months: many before the gate has looked, none put down to the code that did not change.

Hundreds of months, and every machine, are replayed by `python -m benchmarks.history.confirmed`.
"""

from __future__ import annotations

from collections import Counter

import pytest

from benchmarks.history.confirmed import of_same_code, of_slower_code
from benchmarks.history.months import KINDS, Month, slow_day


def test_what_the_machine_did_is_never_put_down_to_the_code() -> None:
    months = [Month("epyc/quiet", "machine 5 % slower", seed) for seed in range(4)]
    months += [Month("xeon/quiet", "days wander by 2 %", seed) for seed in range(4)]
    found = sum(map(of_same_code, months), Counter[str]())
    assert found["alarms"] > 10
    assert found["noise"] > found["unconfirmed"]
    assert found["code"] == 0


def test_steps_of_the_code_are_confirmed() -> None:
    months = [Month("epyc/quiet", "as recorded", seed, step=0.08, at=slow_day(seed)) for seed in range(3)]
    found = sum(map(of_slower_code, months), Counter[str]())
    alarmed = found["cache-resident/alarms"] + found["memory-bound/alarms"]
    assert alarmed >= 13
    assert found["cache-resident/code"] + found["memory-bound/code"] >= 0.9 * alarmed


@pytest.mark.parametrize("kind", KINDS)
def test_a_month_is_the_same_whenever_it_is_replayed(kind: str) -> None:
    one, again = (list(Month("epyc/quiet", kind, 3, processes=2).rows()) for _ in range(2))
    assert one == again
    assert {row.process for row in one} == {0, 1}
