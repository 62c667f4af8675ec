"""What the system tells of its caches, and the working sets that follow."""

from __future__ import annotations

import math
from pathlib import Path

from opbench.ceilings import Level
from opbench.ceilings.levels import levels, working_sets_kib

CPU = {"device": "cpu", "threads": 3}


def cache(folder: Path, number: int, kind: str, level: int, size: str, shared: str) -> None:
    place = folder / f"index{number}"
    place.mkdir()
    for name, text in (("type", kind), ("level", str(level)), ("size", size), ("shared_cpu_list", shared)):
        (place / name).write_text(f"{text}\n")


def test_a_cores_own_caches_count_once_a_thread_and_shared_ones_once(tmp_path: Path) -> None:
    cache(tmp_path, 0, "Data", 1, "32K", "0")
    cache(tmp_path, 1, "Instruction", 1, "32K", "0")
    cache(tmp_path, 2, "Unified", 2, "1024K", "0,4")
    cache(tmp_path, 3, "Unified", 3, "32768K", "0-7")
    found = levels(CPU, tmp_path)
    assert [(level.name, level.size_bytes) for level in found] == [
        ("L1", 3 * 32 << 10),
        ("L2", 3 << 20),
        ("L3", 32 << 20),
        ("DRAM", math.inf),
    ]


def test_a_machine_that_tells_no_caches_has_memory_only(tmp_path: Path) -> None:
    (tmp_path / "index0").mkdir()
    assert levels(CPU, tmp_path) == (Level("DRAM", math.inf),)
    assert working_sets_kib(levels(CPU, tmp_path)) == (262144,)


def test_a_gpu_has_its_second_level() -> None:
    found = levels({"device": "cuda", "l2_bytes": 50 << 20})
    assert [level.name for level in found] == ["L2", "DRAM"]
    assert working_sets_kib(found) == (25 << 10, 200 << 10)


def test_working_sets_fill_half_a_level_lie_between_distant_ones_and_go_far_beyond() -> None:
    sizes = working_sets_kib(
        (Level("L1", 64 << 10), Level("L2", 2 << 20), Level("L3", 8 << 20), Level("DRAM", math.inf))
    )
    assert sizes == (32, 362, 1024, 4096, 32768)
