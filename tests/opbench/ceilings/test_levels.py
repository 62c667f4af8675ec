"""What the system tells of its caches, and the working sets that follow."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from opbench.ceilings import Level
from opbench.ceilings.levels import levels, working_sets_kib


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
            cache(tmp_path, cpu, 3, "Unified", 3, "4096K", "0-2,6-8" if core < 3 else "3-5,9-11")
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
    found = levels({"device": "cpu", "threads": threads}, cpus, usable)
    wanted = {"L1": l1 * 32 << 10, "L2": l2 << 20, "L3": l3 * 4 << 20, "DRAM": math.inf}
    assert {level.name: level.size_bytes for level in found} == wanted


def test_levels_are_in_the_order_of_their_sizes(cpus: Path) -> None:
    """Six second levels of 1 MiB hold more than the one third level that three of the cores share."""
    (cpus / "cpu3" / "cache" / "index3" / "size").write_text("none\n")
    sizes = [level.size_bytes for level in levels({"device": "cpu", "threads": 6}, cpus, (0, 1, 2, 3, 4, 5))]
    assert sizes == sorted(sizes)


def test_a_machine_that_tells_no_caches_has_memory_only(tmp_path: Path) -> None:
    (tmp_path / "cpu0" / "cache" / "index0").mkdir(parents=True)
    found = levels({"device": "cpu", "threads": 1}, tmp_path, (0,))
    assert found == (Level("DRAM", math.inf),)
    assert working_sets_kib(found) == (262144,)


def test_a_gpu_has_its_second_level() -> None:
    found = levels({"device": "cuda", "l2_bytes": 50 << 20})
    assert [level.name for level in found] == ["L2", "DRAM"]
    assert working_sets_kib(found) == (25 << 10, 200 << 10)


def test_working_sets_fill_half_a_level_lie_between_distant_ones_and_go_far_beyond() -> None:
    sizes = working_sets_kib(
        (Level("L1", 64 << 10), Level("L2", 2 << 20), Level("L3", 8 << 20), Level("DRAM", math.inf))
    )
    assert sizes == (32, 362, 1024, 4096, 32768)
