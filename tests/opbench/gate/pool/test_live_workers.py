"""How many workers memory holds, and that nothing is said of fewer than can show anything."""

from __future__ import annotations

import random
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from opbench.gate.decision.workers import InsufficientMemoryError
from opbench.gate.pool import live_workers
from opbench.gate.pool.launch import LaunchConfig
from opbench.gate.pool.live_workers import FEWEST, GIB, LiveWorkerFactory, LiveWorkers
from opbench.gate.stats.rule import DEFAULT
from opbench.measure.memory import RESERVE


def factory(monkeypatch: pytest.MonkeyPatch, workers: float) -> LiveWorkerFactory:
    """Where so many workers of a quarter of a GiB fit beside what is kept free."""
    monkeypatch.setattr(live_workers, "available_bytes", lambda _: workers * GIB / 4 / (1 - RESERVE))
    launch = LaunchConfig(("bench",), None, 1, "cpu", Path("nowhere"), 60.0)
    return LiveWorkerFactory({}, launch, GIB // 4, random.Random(1), lambda _: None)


def test_both_sides_have_as_many_as_memory_holds_and_no_more_than_are_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    made = factory(monkeypatch, 2 * 11 + 1.5)
    assert (made.fitting(7), made.fitting(11), made.fitting(12)) == (7, 11, 11)
    rule = made.within_memory(DEFAULT)
    assert (rule.workers, rule.widened) == (min(11, DEFAULT.workers), 11)
    assert rule.most_confirming == max(DEFAULT.least_confirming, min(11, DEFAULT.most_confirming))


def test_fewer_than_can_show_anything_are_refused_with_what_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    made = factory(monkeypatch, 2 * FEWEST - 1)
    with pytest.raises(InsufficientMemoryError, match=r"1\.8 GiB are free, 4 \+ 4 workers of 0\.25 GiB each"):
        made.fitting(FEWEST)


def test_a_stage_that_does_not_fit_is_not_begun_with_fewer(monkeypatch: pytest.MonkeyPatch) -> None:
    made = factory(monkeypatch, 2 * 5)
    with pytest.raises(InsufficientMemoryError, match=r"^7 \+ 7 workers need 3\.5 GiB$"), made.start(7, "screen"):
        pytest.fail("it was started")


def test_a_pool_is_widened_only_where_the_new_ones_fit_beside_those_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    widened: list[int] = []
    pool: Any = SimpleNamespace(widen=lambda per_side, _: widened.append(per_side))
    workers = LiveWorkers(factory(monkeypatch, 2 * (5 + FEWEST)), pool, 12)
    workers.widen(17)
    assert (widened, workers.per_side) == ([17], 17)
    with pytest.raises(InsufficientMemoryError, match=r"for 23 \+ 23"):
        workers.widen(23)
    assert (widened, workers.per_side) == ([17], 17)
