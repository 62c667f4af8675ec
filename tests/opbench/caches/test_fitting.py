"""From times of stores to sizes: where the step lies, whatever single times are off, and what stays in bounds."""

from __future__ import annotations

import pytest

from opbench.caches import CacheUse
from opbench.caches.fitting import NEVER_BYTES, Pair, Times, fitted, middle, turn

from .cache_machines import MIB

SIZES = [size * MIB for size in (1, 2, 4, 8, 16, 32, 64)]


def machine(holds_bytes: int) -> dict[int, Pair]:
    """Outputs of a machine with a cache that holds so much: seconds as if it moved a MiB a second, in it twice that."""
    pairs = {}
    for size in SIZES:
        units = size / MIB
        inside = size <= holds_bytes
        through = Times(units * (0.8 if inside else 2.0), units * (0.5 if inside else 1.0))
        pairs[size] = Pair(through, Times(units, units))
    return pairs


def test_the_sizes_are_those_from_which_on_going_around_is_quicker() -> None:
    found = fitted(machine(4 * MIB), machine(16 * MIB))
    assert found == CacheUse(16 * MIB, 8 * MIB, 32 * MIB, "measured")


@pytest.mark.parametrize("spoilt", SIZES)
def test_one_time_that_a_busy_moment_spoilt_moves_nothing(spoilt: int) -> None:
    reused = machine(16 * MIB)
    through, around = reused[spoilt].through, reused[spoilt].around
    slow = Times(1.3 * through.write_s, 1.3 * through.read_s)
    assert fitted(machine(4 * MIB), reused | {spoilt: Pair(slow, around)}) == fitted(machine(4 * MIB), reused)


def test_where_going_around_never_pays_it_never_does() -> None:
    found = fitted(machine(64 * MIB), machine(64 * MIB))
    assert (found.stream_fresh_bytes, found.stream_reused_bytes) == (NEVER_BYTES, NEVER_BYTES)
    assert found.possible


def test_where_it_always_pays_the_smallest_size_is_the_answer() -> None:
    found = fitted(machine(0), machine(0))
    assert found.stream_fresh_bytes == found.stream_reused_bytes == MIB
    assert found.possible


def test_a_processor_without_such_stores_never_uses_them() -> None:
    found = fitted(machine(4 * MIB), machine(16 * MIB), goes_around=False)
    assert (found.cache_bytes, found.stream_fresh_bytes) == (16 * MIB, NEVER_BYTES)


def test_what_is_written_again_is_cached_at_least_as_far_as_what_is_fresh() -> None:
    found = fitted(machine(32 * MIB), machine(4 * MIB))
    assert found.stream_fresh_bytes == found.stream_reused_bytes == 8 * MIB


@pytest.mark.parametrize(
    ("values", "at"), [((), 0), ((1.0,), 0), ((-1.0,), 1), ((-1.0, 1.0), 1), ((-2.0, 1.0, -2.0, 3.0), 3)]
)
def test_the_turn_leaves_the_least_on_its_wrong_side(values: tuple[float, ...], at: int) -> None:
    assert turn(values) == at


def test_the_middle_of_several_is_taken_size_by_size() -> None:
    several = [CacheUse(size * MIB, 8 * size * MIB, (30 - size) * MIB, "measured") for size in (7, 1, 29)]
    assert middle(several) == CacheUse(7 * MIB, 56 * MIB, 23 * MIB, "measured")
