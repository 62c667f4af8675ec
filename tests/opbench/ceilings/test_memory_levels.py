"""What the system tells of its caches, and the working sets that follow."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from opbench.caches import CacheUse, from_system
from opbench.ceilings import Level
from opbench.ceilings.memory_levels import memory_levels, working_sets_kib
from opbench.ceilings.tasks import ceiling_tasks
from opbench.planning.remaining import overview
from opbench.running.estimate import expected
from opbench.vocabulary.settings import Settings

from ..caches.cache_machines import MACHINES, Machine, written

ALL_OF_IT = CacheUse(1 << 30, 1 << 29, 1 << 30, "system")


def cache(cpus: Path, cpu: int, number: int, kind: str, level: int, size: str, shared: str) -> None:
    place = cpus / f"cpu{cpu}" / "cache" / f"index{number}"
    place.mkdir(parents=True)
    for name, text in (("type", kind), ("level", str(level)), ("size", size), ("shared_cpu_list", shared)):
        (place / name).write_text(f"{text}\n")


@pytest.fixture
def cpus(tmp_path: Path) -> Path:
    """Six cores, three to a third-level cache, each with a second processor on it."""
    for core in range(6):
        for cpu in (core, core + 6):
            own = f"{core},{core + 6}"
            cache(tmp_path, cpu, 0, "Data", 1, "32K", own)
            cache(tmp_path, cpu, 1, "Instruction", 1, "64K", own)
            cache(tmp_path, cpu, 2, "Unified", 2, "1024K", own)
            cache(tmp_path, cpu, 3, "Unified", 3, "16384K", "0-2,6-8" if core < 3 else "3-5,9-11")
    return tmp_path


@pytest.mark.parametrize(
    ("threads", "usable", "l1", "l2", "l3"),
    [
        (1, range(12), 1, 1, 1),
        (2, range(12), 2, 2, 2),  # spread over both third levels
        (6, range(12), 6, 6, 2),
        (12, range(12), 6, 6, 2),  # two threads on a core share its caches
        (3, (0, 1, 2), 3, 3, 1),
        (2, (4, 10), 1, 1, 1),  # two processors of one core
    ],
)
def test_a_cache_counts_as_often_as_the_threads_have_one(
    threads: int, usable: tuple[int, ...], l1: int, l2: int, l3: int, cpus: Path
) -> None:
    found = memory_levels({"device": "cpu", "threads": threads}, cpus, usable, ALL_OF_IT)
    wanted = {"L1": l1 * 32 << 10, "L2": l2 << 20, "L3": l3 * 16 << 20, "DRAM": math.inf}
    assert {level.name: level.size_bytes for level in found} == wanted


def test_levels_are_in_the_order_of_their_sizes(cpus: Path) -> None:
    """Six second levels of 1 MiB hold more than a third level of 2 MiB that all of the cores share."""
    for cpu in range(6):
        (cpus / f"cpu{cpu}" / "cache" / "index3" / "size").write_text("1024K\n")
    sizes = [level.size_bytes for level in memory_levels({"device": "cpu", "threads": 6}, cpus, range(6), ALL_OF_IT)]
    assert sizes == sorted(sizes)


def test_a_machine_that_tells_no_caches_has_memory_only(tmp_path: Path) -> None:
    (tmp_path / "cpu0" / "cache" / "index0").mkdir(parents=True)
    found = memory_levels({"device": "cpu", "threads": 1}, tmp_path, (0,))
    assert found == (Level("DRAM", math.inf),)
    assert working_sets_kib(found) == (262144,)


def test_a_gpu_has_its_second_level() -> None:
    found = memory_levels({"device": "cuda", "l2_bytes": 50 << 20})
    assert [level.name for level in found] == ["L2", "DRAM"]
    assert working_sets_kib(found) == (25 << 10, 200 << 10)


def test_working_sets_fill_half_a_level_lie_between_distant_ones_and_go_far_beyond() -> None:
    sizes = working_sets_kib(
        (Level("L1", 64 << 10), Level("L2", 2 << 20), Level("L3", 8 << 20), Level("DRAM", math.inf))
    )
    assert sizes == (32, 362, 1024, 4096, 32768)


def test_a_working_set_just_past_a_cache_is_not_taken_for_a_part_of_it() -> None:
    sizes = working_sets_kib((Level("L2", 4 << 20), Level("L3", 32 << 20), Level("DRAM", math.inf)))
    assert sizes == (2 << 10, 6 << 10, 16 << 10, 128 << 10)


@pytest.mark.parametrize("name", MACHINES)
def test_on_every_machine_working_sets_are_few_and_bounded(name: str, tmp_path: Path) -> None:
    """With 16 GiB of memory. A round takes less than a minute, and no second one begins that would end later."""
    machine = MACHINES[name]
    cpus = written(machine, tmp_path)
    for threads in (1, 2, 7, len(machine.usable)):
        found = memory_levels(
            {"device": "cpu", "threads": threads}, cpus, machine.usable, fresh_guess(machine, cpus, threads)
        )
        sizes = working_sets_kib(found, 16 << 30)
        assert 1 <= len(sizes) <= 6
        assert sizes[-1] <= 512 << 10
        *caches, _ = found
        assert not caches or sizes[-1] >= min(512 << 10, int(2 * caches[-1].size_bytes) >> 10)
        tasks = ceiling_tasks({"device": "cpu", "threads": threads}, sizes)
        assert expected(overview(tasks, set()), Settings(budget_s=0.07, count=False), cores=2).total_s < 60


def fresh_guess(machine: Machine, cpus: Path, threads: int) -> CacheUse:
    return from_system(threads, cpus, machine.usable)


@pytest.mark.parametrize("memory_bytes", [0, 1, 64 << 20, 1 << 30])
def test_a_small_machine_is_not_filled(memory_bytes: int) -> None:
    sizes = working_sets_kib((Level("L3", 32 << 20), Level("DRAM", math.inf)), memory_bytes)
    assert sizes[-1] << 10 <= max(4096, memory_bytes // 32)


def test_two_cores_of_a_large_socket_do_not_pay_for_its_cache(tmp_path: Path) -> None:
    machine = MACHINES["Xeon VM with 300 MiB"]
    cpus = written(machine, tmp_path)
    found = memory_levels({"device": "cpu", "threads": 2}, cpus, machine.usable, from_system(2, cpus, machine.usable))
    assert working_sets_kib(found)[-1] <= 128 << 10


def test_the_last_cache_is_as_large_as_was_measured_and_no_smaller_than_the_one_before(cpus: Path) -> None:
    for measured, wanted in ((10 << 20, 10 << 20), (1 << 30, 16 << 20), (64 << 10, 1 << 20)):
        use = CacheUse(measured, measured, measured, "system")
        sizes = {
            level.name: level.size_bytes for level in memory_levels({"device": "cpu", "threads": 1}, cpus, (0,), use)
        }
        assert sizes.get("L3", sizes["L2"]) == wanted


def test_a_cache_that_nobody_tells_of_is_a_level_once_it_is_measured(tmp_path: Path) -> None:
    machine = MACHINES["Ampere without a third level"]
    cpus = written(machine, tmp_path)
    use = CacheUse(32 << 20, 8 << 20, 32 << 20, "measured")
    found = memory_levels({"device": "cpu", "threads": 1}, cpus, machine.usable, use)
    assert [level.name for level in found] == ["L1", "L2", "L3", "DRAM"]


def test_levels_of_nearly_one_size_are_one(cpus: Path) -> None:
    """Six second levels of 1 MiB beside a third one of which 8 MiB are to be had."""
    use = CacheUse(8 << 20, 4 << 20, 8 << 20, "measured")
    found = memory_levels({"device": "cpu", "threads": 6}, cpus, range(6), use)
    assert [level.name for level in found] == ["L1", "L2", "DRAM"]


@pytest.mark.parametrize(("last_mib", "far_mib"), [(7, 28), (64, 256), (100, 256), (200, 400), (480, 512)])
def test_beyond_a_large_cache_it_goes_less_far(last_mib: int, far_mib: int) -> None:
    assert working_sets_kib((Level("L3", last_mib << 20), Level("DRAM", math.inf)))[-1] == far_mib << 10
