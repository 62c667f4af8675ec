"""A plan is cut into shards the same everywhere: each point whole, in one of them, and their times are even."""

from __future__ import annotations

from dataclasses import replace

import pytest

from opbench import catalog
from opbench.errors import MachineError, UsageError
from opbench.planning.plan import SOME, Plan, Task, plan
from opbench.planning.point_time import PointTimes
from opbench.planning.shard import Shard, cut, plan_digest
from opbench.vocabulary.backend import Backend, Preparing
from opbench.vocabulary.record import Unavailable
from opbench.vocabulary.settings import Settings
from opbench.vocabulary.sweep import Grid, Sweep
from opbench.vocabulary.work import Work
from tests.rows import rows

SETTINGS = Settings(budget_s=0.1)

GRID = Grid(
    ("memory_write",),
    {"kib": tuple(1 << power for power in range(4, 21))},
    backends=("torch_eager", "cpp_ext"),
    modes=("out",),
)
SMALL = replace(GRID, axes={"kib": (16, 24, 32, 40)}, backends=("torch_eager",))


def planned(*grids: Grid) -> Plan:
    return plan(Sweep("how many?", grids), "cpu", "wall")


def many(points: int) -> Plan:
    return planned(replace(GRID, axes={"kib": tuple(range(16, 16 + points))}))


@rows("count", [1, 2, 3, 5, 7, 19])
def test_every_point_is_whole_in_one_shard_in_the_order_of_the_plan(count: int) -> None:
    whole = planned(GRID, SMALL)
    dealt = cut(whole, count, SETTINGS)
    shards = [dealt.of(Shard(number, count)) for number in range(1, count + 1)]
    assert all(shards)
    assert sorted((task for shard in shards for task in shard), key=list(whole).index) == list(whole)
    assert all(list(shard) == sorted(shard, key=list(whole).index) for shard in shards)


@pytest.mark.parametrize("count", [2, 3, 5])
def test_no_shard_takes_more_than_the_mean_and_the_longest_point(count: int) -> None:
    whole = planned(GRID)
    dealt, times = cut(whole, count, SETTINGS), PointTimes(SETTINGS)
    longest = max(map(times, whole))
    assert longest > 2 * min(map(times, whole))  # else any cut were even
    assert max(dealt.seconds) <= sum(dealt.seconds) / count + longest
    own = [sum(map(times, dealt.of(Shard(number, count)))) for number in range(1, count + 1)]
    assert own == pytest.approx(dealt.seconds)


def test_the_longest_are_dealt_first_so_that_the_short_ones_even_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three of a second and, last in the plan, one of three."""
    monkeypatch.setattr(PointTimes, "__call__", lambda _, task: 3.0 if task.point.axes["kib"] == 40 else 1.0)
    dealt = cut(planned(SMALL), 2, SETTINGS)
    assert dealt.seconds == (3.0, 3.0)
    assert dealt.owners == (2, 2, 2, 1)


def test_of_equal_times_each_shard_has_equally_many_from_the_first_on(monkeypatch: pytest.MonkeyPatch) -> None:
    for seconds in (0.0, 1.0):
        monkeypatch.setattr(PointTimes, "__call__", lambda _, __, seconds=seconds: seconds)
        dealt = cut(planned(SMALL), 3, SETTINGS)
        assert dealt.owners == (1, 2, 3, 1)
        assert dealt.seconds == (2 * seconds, seconds, seconds)


def test_the_longest_points_go_to_shards_of_their_own() -> None:
    dealt = cut(planned(GRID), 2, SETTINGS)
    (first, second) = (dealt.tasks[-1], dealt.tasks[-2])
    assert first.point.axes["kib"] == 1 << 20
    assert dealt.owners[-1] != dealt.owners[-2], (first, second)


def test_every_machine_that_cuts_cuts_alike_whatever_it_has_and_however_busy_it_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    here = cut(planned(GRID, SMALL), 3, SETTINGS)
    monkeypatch.setattr("os.cpu_count", lambda: 64)
    monkeypatch.setattr("time.monotonic", lambda: pytest.fail("a clock was looked at"))
    monkeypatch.setenv("OPBENCH_CACHE", "/nowhere")
    there = cut(planned(GRID, SMALL), 3, SETTINGS)
    assert there == here
    assert there.digest == here.digest


def test_a_cut_that_differs_has_another_digest() -> None:
    whole = planned(GRID)
    digests = {cut(whole, count, SETTINGS).digest for count in (2, 3, 4)}
    digests |= {cut(planned(SMALL), 2, SETTINGS).digest, cut(whole, 2, replace(SETTINGS, budget_s=60.0)).digest}
    assert len(digests) >= 4
    plans = {plan_digest(planned(grid)) for grid in (GRID, SMALL, replace(GRID, backends=("cpp_ext",)))}
    assert len(plans) == 3
    assert plan_digest(planned(GRID)) in plans


def test_what_takes_long_to_compile_weighs_more(monkeypatch: pytest.MonkeyPatch) -> None:
    found = catalog.backend("memory_write", "torch_eager")
    assert isinstance(found, Backend)
    slow = replace(found, preparing=lambda: Preparing(each_s=30.0))
    whole = planned(replace(SMALL, axes={"kib": (16,)}))
    quick = PointTimes(SETTINGS)(next(iter(whole)))
    monkeypatch.setattr(catalog, "backend", lambda *_: slow)
    assert PointTimes(SETTINGS)(next(iter(whole))) == pytest.approx(quick + 30.0)
    monkeypatch.setattr(catalog, "backend", lambda *_: Unavailable("not installed here"))
    assert PointTimes(SETTINGS)(next(iter(whole))) == pytest.approx(quick)


def test_what_is_skipped_takes_nothing_and_what_cannot_tell_its_size_counts_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (task, *_) = planned(SMALL)
    times = PointTimes(SETTINGS)
    assert times(replace(task, skip="too large")) == 0.0

    def refuse(_: object) -> Work:
        raise MachineError("no timm here")

    known = catalog.operator("memory_write")
    monkeypatch.setattr(catalog, "operator", lambda _: replace(known, work=refuse))
    assert PointTimes(SETTINGS)(task) > SETTINGS.budget_s


def test_of_very_many_points_some_are_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Task] = []
    plain = PointTimes.__call__

    def noted(self: PointTimes, task: Task) -> float:
        asked.append(task)
        return plain(self, task)

    monkeypatch.setattr(PointTimes, "__call__", noted)
    dealt = cut(many(2 * SOME + 3), 2, SETTINGS)
    assert len(asked) <= SOME
    assert abs(dealt.owners.count(1) - dealt.owners.count(2)) <= 3


def test_more_shards_than_points_are_refused_with_how_many_there_may_be() -> None:
    assert len(cut(planned(SMALL), 4, SETTINGS).of(Shard(4, 4))) == 1
    with pytest.raises(UsageError, match=r"^--shard I/5: there are 4 points, .*; ask for 4 at most$"):
        cut(planned(SMALL), 5, SETTINGS)


def test_a_shard_is_written_as_it_is_read() -> None:
    assert Shard.of("2/4") == Shard(2, 4)
    assert str(Shard(2, 4)) == "2/4"
    assert Shard().whole
    assert not Shard(1, 2).whole


@rows("text", ["", "2", "0/4", "5/4", "1/0", "-1/4", "1/4/4", "a/b", "1.0/2", " 1/2", "1/9999999"])
def test_what_is_no_shard_is_refused_with_what_is_expected(text: str) -> None:
    with pytest.raises(UsageError) as refused:
        Shard.of(text)
    assert str(refused.value) == (
        f"--shard is {text!r}; expected I/N with I from 1 to N, such as 2/4; for an index that begins at 0 add one: "
        "$((INDEX + 1))/N"
    )


@rows("number, count", [(0, 1), (2, 1), (-1, 3), (1, 0)])
def test_a_shard_is_one_of_so_many(number: int, count: int) -> None:
    with pytest.raises(
        ValueError, match=rf"^{number}/{count} is no shard; expected I/N with I from 1 to N, at most 999999$"
    ):
        Shard(number, count)
