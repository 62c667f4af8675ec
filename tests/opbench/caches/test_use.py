"""What the system's word becomes: a share of what is told, never more than there is, and always an answer."""

from __future__ import annotations

from pathlib import Path

import pytest

from opbench.caches import CacheUse, from_system

from .cache_machines import MACHINES, MIB, put, written


@pytest.mark.parametrize("name", MACHINES)
def test_every_machine_gets_sizes_that_it_can_have(name: str, tmp_path: Path) -> None:
    machine = MACHINES[name]
    cpus = written(machine, tmp_path)
    for threads in (1, 2, 3, 7, 64, 1009):
        found = from_system(threads, cpus, machine.usable)
        assert found.possible
        assert found.stream_fresh_bytes <= found.stream_reused_bytes <= found.cache_bytes <= machine.last_bytes
        assert found.source == ("system" if machine.caches else "assumed")


@pytest.mark.parametrize("name", MACHINES)
def test_more_threads_never_have_less(name: str, tmp_path: Path) -> None:
    machine = MACHINES[name]
    cpus = written(machine, tmp_path)
    sizes = [from_system(threads, cpus, machine.usable).cache_bytes for threads in range(1, 12)]
    assert sizes == sorted(sizes)


@pytest.mark.parametrize("name", MACHINES)
def test_more_threads_than_processors_are_as_many_as_there_are(name: str, tmp_path: Path) -> None:
    machine = MACHINES[name]
    cpus = written(machine, tmp_path)
    assert from_system(100_003, cpus, machine.usable) == from_system(len(machine.usable), cpus, machine.usable)


def test_two_cores_of_a_socket_are_not_given_its_cache(tmp_path: Path) -> None:
    machine = MACHINES["Xeon VM with 300 MiB"]
    assert from_system(2, written(machine, tmp_path), machine.usable).cache_bytes <= 32 * MIB


def test_threads_that_fill_a_cache_of_their_own_have_all_of_it(tmp_path: Path) -> None:
    machine = MACHINES["desktop with 8 MiB"]
    assert from_system(8, written(machine, tmp_path), machine.usable).cache_bytes == 8 * MIB


def test_threads_on_two_sockets_have_a_share_of_both(tmp_path: Path) -> None:
    """The same two processors with one cache of the two only have half."""
    machine = MACHINES["EPYC with eight third-level caches"]
    cpus = written(machine, tmp_path)
    assert from_system(2, cpus, (0, 8)).cache_bytes == 2 * from_system(1, cpus, (0, 8)).cache_bytes


@pytest.mark.parametrize(
    "texts",
    [
        ("Unified", "3", "0K", "0"),
        ("Unified", "3", "-8192K", "0"),
        ("Unified", "3", "none", "0"),
        ("Unified", "3", "", "0"),
        ("Unified", "3", "99999999999K", "0"),
        ("Unified", "0", "8192K", "0"),
        ("Unified", "", "8192K", "0"),
        ("", "3", "8192K", "0"),
        ("Instruction", "3", "8192K", "0"),
    ],
)
def test_a_cache_that_cannot_be_is_none(texts: tuple[str, str, str, str], tmp_path: Path) -> None:
    put(tmp_path, 0, 3, texts)
    alone = from_system(1, tmp_path, (0,))
    assert alone.source == "assumed"
    assert alone.possible
    put(tmp_path, 0, 2, ("Unified", "2", "1024K", "0"))
    assert from_system(1, tmp_path, (0,)).cache_bytes == MIB


@pytest.mark.parametrize("shared", ["", "nobody", "7-3", "0-99999999999", "1,2"])
def test_a_cache_that_says_nothing_useful_of_who_shares_it_is_still_one(shared: str, tmp_path: Path) -> None:
    put(tmp_path, 0, 3, ("Unified", "3", "8192K", shared))
    found = from_system(1, tmp_path, (0,))
    assert found.source == "system"
    assert found.possible


@pytest.mark.parametrize("threads", [0, -3, 1])
def test_no_threads_are_one(threads: int, tmp_path: Path) -> None:
    put(tmp_path, 0, 3, ("Unified", "3", "8192K", "0"))
    assert from_system(threads, tmp_path, (0,)).cache_bytes == 8 * MIB


def test_this_very_machine_has_an_answer() -> None:
    assert from_system(1).possible


@pytest.mark.parametrize("size", [0, -1, 1, 1 << 50, 1.5e7, True, None])
def test_sizes_that_no_machine_has_are_told(size: int) -> None:
    assert not CacheUse(size, 8 * MIB, 8 * MIB, "measured").possible
    assert not CacheUse(8 * MIB, 8 * MIB, size, "measured").possible
