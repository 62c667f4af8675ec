"""A point that does not fit is refused with its numbers, before anything is allocated."""

from __future__ import annotations

import pytest

from opbench import memory
from opbench.case import Axes, Case, Point
from opbench.measuring import PointMeasurement
from opbench.memory import needed_bytes, shortage
from opbench.operator import Work
from opbench.record import Unavailable
from opbench.settings import Settings

GIB = 1 << 30
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
