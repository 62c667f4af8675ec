"""Stores through and around the caches: the same values, in bounded memory and time, whatever the machine."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest
import torch

from impls.machine import cache_times, caches, compared, library
from impls.machine.cache_times import MIB, Writer, better, largest_bytes, sizes_up_to
from impls.machine.stores import PERIOD, squares
from opbench import Axes, Figured, Point, catalog
from opbench.caches import CacheUse, from_system, known
from opbench.caches.fitting import Times
from opbench.caches.use import SIZES

pytestmark = pytest.mark.compiler


@pytest.mark.parametrize("around", [False, True])
@pytest.mark.parametrize("count", [0, 1, 7, 61, PERIOD - 1, PERIOD, PERIOD + 17, 3 * PERIOD + 5])
def test_both_ways_write_every_value_and_none_beyond(count: int, around: bool) -> None:
    small, room = torch.rand(PERIOD), torch.zeros(count + 32)
    squares(small, library.address(room), count, around)
    assert torch.equal(room[:count], small.square().repeat(4)[:count])
    assert room[count:].eq(0.0).all()


@pytest.mark.parametrize("threads", [1, 2, 7, 192, 100_003])
@pytest.mark.parametrize("memory_bytes", [0, 512 * MIB, 16 << 30, 4 << 40])
def test_memory_is_bounded_whatever_the_machine(threads: int, memory_bytes: int) -> None:
    largest = largest_bytes(threads, memory_bytes)
    assert cache_times.SMALLEST_BYTES <= largest <= max(cache_times.SMALLEST_BYTES, memory_bytes // 16)
    assert largest <= 512 * MIB
    assert largest & (largest - 1) == 0


@pytest.mark.parametrize("threads", [1, 2, 7])
def test_the_largest_output_is_well_beyond_the_caches(threads: int) -> None:
    """Of one twice as large, half stays in them, and going around is seen to pay only at larger ones."""
    assert largest_bytes(threads, 1 << 40) >= min(512 * MIB, 3 * from_system(threads).cache_bytes)


def test_sizes_are_powers_of_two_and_one_between() -> None:
    assert [size / MIB for size in sizes_up_to(4 * MIB)] == [0.5, 0.75, 1, 1.5, 2, 3, 4]
    assert sizes_up_to(cache_times.SMALLEST_BYTES) == (cache_times.SMALLEST_BYTES,)


def test_fresh_outputs_take_turns_in_memory_and_reused_ones_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    monkeypatch.setattr(cache_times, "SAMPLE_BYTES", 6 * 4096)
    monkeypatch.setattr(cache_times, "squares", lambda _, at, *__: seen.append(at))
    writer = Writer(16384)
    writer.sample((4096, False, True))
    assert [at - seen[0] for at in seen] == [0, 4096, 8192, 12288, 0, 4096, 8192, 12288, 0, 4096]
    seen.clear()
    writer.sample((8192, True, False))
    assert len(seen) == 4
    assert len(set(seen)) == 1


def test_of_two_samples_the_undisturbed_one_counts_and_else_the_best() -> None:
    fast, slow = Times(1.0, 5.0), Times(3.0, 2.0)
    assert better(None, (True, slow)) == (True, slow)
    assert better((True, fast), (False, slow)) == (False, slow)
    assert better((False, slow), (True, fast)) == (False, slow)
    assert better((False, slow), (False, fast)) == (False, Times(1.0, 2.0))


def test_a_slow_machine_answers_after_its_first_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every look at this clock takes a second, and the limit is half of one."""
    sampled: list[cache_times.Way] = []

    def sample(_: Writer, way: cache_times.Way) -> tuple[bool, Times]:
        sampled.append(way)
        return False, Times(1.0, 1.0)

    monkeypatch.setattr(Writer, "sample", sample)
    monkeypatch.setattr(cache_times, "largest_bytes", lambda *_: MIB)
    clock: Iterator[int] = itertools.count()
    actual = cache_times.measured_once(now=lambda: float(next(clock)))
    reused = len(sizes_up_to(MIB))
    fresh = len([size for size in sizes_up_to(MIB) if size <= MIB // cache_times.RING])
    assert len(sampled) == len(set(sampled)) == 2 * (reused + fresh)
    assert actual.source == "measured"
    assert actual.possible


def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache_times, "largest_bytes", lambda *_: MIB)
    monkeypatch.setattr(cache_times, "TURNS", 1)
    monkeypatch.setattr(cache_times, "SAMPLE_BYTES", MIB)


def test_one_call_measures_and_keeps(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    small(monkeypatch)
    library.function("squares")  # from the cache that is there: to build it in an empty one takes 5 s
    monkeypatch.setenv("OPBENCH_CACHE", str(tmp_path))
    actual = caches.measure(times=1)
    assert actual.possible
    assert actual.note == ""
    assert known(torch.get_num_threads()) == actual


def test_the_backend_that_compares_tells_the_sizes(monkeypatch: pytest.MonkeyPatch) -> None:
    small(monkeypatch)
    operator = catalog.operator("stores")
    point = Point("stores", Axes({"kib": 61}), mode="out")
    out = torch.empty(61 * 256)
    inputs = operator.inputs(point)
    launch = compared.prepare(point, inputs, out, "")
    assert isinstance(launch, Figured)
    assert CacheUse.measured({name: int(launch.figures[name]) for name in SIZES}).possible
    torch.testing.assert_close(launch(), operator.reference(point, inputs).float())
