"""A point that does not fit is refused with its numbers, before anything is allocated."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from pathlib import Path

import pytest

from opbench.measure import memory
from opbench.measure.memory import needed_bytes, shortage
from opbench.measure.point import PointMeasurement
from opbench.vocabulary.case import Axes, Case, Point
from opbench.vocabulary.record import Unavailable
from opbench.vocabulary.settings import Settings
from opbench.vocabulary.work import Work

GIB, MIB = 1 << 30, 1 << 20
WORK = Work(macs=0, products=1, elementwise=0, bytes_read=0, bytes_written=GIB)
POINT = Point("op", Axes({}))


def test_the_reason_names_what_is_needed_and_what_is_free(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "available_bytes", lambda _: GIB)
    assert "needs about 8.0 GiB (an output of 1.0 GiB" in str(shortage(POINT, WORK, 3))
    assert "1.0 GiB are free" in str(shortage(POINT, WORK, 3))


def test_what_fits_is_not_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "available_bytes", lambda _: 9 * GIB)
    assert shortage(POINT, WORK, 3) is None


def test_narrow_types_need_room_for_their_wide_reference() -> None:
    half = Point("op", Axes({}), "bfloat16")
    assert needed_bytes(half, WORK, 1) - needed_bytes(POINT, WORK, 1) == 4 * GIB


def test_in_mode_out_every_backend_holds_an_output() -> None:
    out = Point("op", Axes({}), mode="out")
    assert needed_bytes(out, WORK, 3) - needed_bytes(POINT, WORK, 3) == 3 * GIB


def test_a_point_too_large_for_any_machine_is_unavailable_within_a_moment() -> None:
    from opbench import catalog

    operator = catalog.operator("cross_hadamard")
    point = Point("cross_hadamard", operator.complete(Axes({"channels": 4096, "edge": 4096})))
    measurement = PointMeasurement(point, [Case(point, "torch_eager")], Settings(), lambda *_: None)
    found = measurement.run(operator, operator.work(point))["torch_eager"]
    assert isinstance(found, Unavailable)
    assert found.reason.startswith("skipped: needs about")


@pytest.fixture
def little_address_space() -> Iterator[None]:
    """As after `ulimit -v`, with 256 MiB left to this process."""
    before = resource.getrlimit(resource.RLIMIT_AS)
    taken = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmSize:"))
    resource.setrlimit(resource.RLIMIT_AS, (int(taken.split()[1]) * 1024 + 256 * MIB, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_AS, before)


@pytest.mark.usefixtures("little_address_space")
def test_a_point_beyond_the_limit_of_the_process_is_unavailable() -> None:
    from opbench import catalog

    assert memory.available_bytes("cpu") <= 256 * MIB
    operator = catalog.operator("cross_hadamard")
    point = Point("cross_hadamard", operator.complete(Axes({"channels": 17, "edge": 511})))
    measurement = PointMeasurement(point, [Case(point, "torch_eager")], Settings(), lambda *_: None)
    found = measurement.run(operator, operator.work(point))["torch_eager"]
    assert isinstance(found, Unavailable)
    assert "0.2 GiB are free or allowed" in found.reason


def test_a_limit_that_is_not_set_leaves_the_memory_that_is_free() -> None:
    assert memory._limit_rooms({resource.RLIMIT_CORE: "VmSize"}, Path("/none")) == []


def group(folder: Path, limit: str, used: int, files: int) -> None:
    """A control group of version 2."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in (("max", limit), ("current", f"{used}"), ("stat", f"anon 1\ninactive_file {files}\n")):
        (folder / f"memory.{name}").write_text(f"{text}\n")


def test_every_control_group_above_the_process_is_asked(tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.write_text("0::/a.slice/b.scope\n")
    group(tmp_path / "a.slice", f"{7 * MIB}", 5 * MIB, MIB)
    group(tmp_path / "a.slice/b.scope", "max", 3 * MIB, 0)
    group(tmp_path, f"{11 * MIB}", 13 * MIB, 0)
    group(tmp_path / "other.slice", f"{MIB}", 0, 0)
    assert sorted(memory._group_rooms(mine, tmp_path)) == [0, 3 * MIB]


def test_control_groups_of_version_1_have_a_mount_of_their_own(tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.write_text("4:memory:/a/b\n3:cpuset:/c\n0::/\n")
    folder = tmp_path / "memory/a/b"
    folder.mkdir(parents=True)
    (folder / "memory.limit_in_bytes").write_text(f"{7 * MIB}\n")
    (folder / "memory.usage_in_bytes").write_text(f"{5 * MIB}\n")
    (folder / "memory.stat").write_text(f"inactive_file 1\ntotal_inactive_file {MIB}\n")
    assert memory._group_rooms(mine, tmp_path) == [3 * MIB]


def test_without_control_groups_there_is_no_limit_of_theirs(tmp_path: Path) -> None:
    assert memory._group_rooms(tmp_path / "none", tmp_path / "neither") == []
