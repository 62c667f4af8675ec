"""What-if: shares of the limit carry over to another machine, and the error is told where that was measured."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from opbench.ceilings import Ceilings, storage
from opbench.ceilings.prediction import predict_sweep
from opbench.ceilings.prediction_error import prediction_errors
from opbench.ceilings.roofline import limit_of
from opbench.commands.roofline import run as roofline
from opbench.errors import MachineError, UsageError
from opbench.store.runs import Run
from opbench.vocabulary.case import Axes, Case, Point
from opbench.vocabulary.record import Measured, Record
from opbench.vocabulary.sweep import Grid, Narrowing, Sweep
from opbench.vocabulary.work import Work

from .ceilings_builders import MACHINE, flat, record

SWEEP = Sweep("?", (Grid(("fill",), {"kib": (1, 7)}, modes=("forward",)),))


def other(times: float) -> Ceilings:
    """A machine whose memory is so many times as fast."""
    bandwidth = {
        kind: {size: flat(times * rate.mid) for size, rate in curve.items()}
        for kind, curve in MACHINE.bandwidth.items()
    }
    return replace(MACHINE, bandwidth=bandwidth)


def filled(kib: int, seconds: float, backend: str = "cpp_ext", ceilings: Ceilings | None = MACHINE) -> Record:
    """A measured fill of that many KiB, with its limit on a machine."""
    made = record(Work(0, 0, 0, 0, kib << 10), seconds)
    made = replace(made, case=Case(Point("fill", Axes({"kib": kib})), backend))
    return made if ceilings is None else replace(made, limit=limit_of(made, ceilings))


def test_without_records_every_point_has_its_limit_and_nothing_else() -> None:
    found = predict_sweep(SWEEP, MACHINE)
    assert [(one.point.axes["kib"], one.backend, one.expected_s) for one in found] == [(1, "", None), (7, "", None)]
    assert found[0].limit.seconds == pytest.approx(1024 / 200, rel=0.2)


def expected(here: Record, there: Ceilings) -> float | None:
    (found,) = (one for one in predict_sweep(SWEEP, there, [here]) if one.backend)
    return found.expected_s


def test_work_keeps_its_share_of_the_roofline_and_an_empty_call_its_price() -> None:
    """600 s here, of which an empty call is 0.25; memory three times as fast there, calls twice as slow."""
    slow_calls = replace(other(3.0), costs={"call": flat(0.5)})
    assert expected(filled(7, 600.0), slow_calls) == pytest.approx((600.0 - 0.25) / 3 + 0.5)


def test_what_a_split_says_is_no_work_does_not_get_quicker_with_the_memory() -> None:
    here = filled(7, 600.0)
    assert isinstance(here.outcome, Measured)
    parts = {"dispatch": 200.0, "allocation": 100.0, "elementwise": 300.0}
    split = replace(here, outcome=replace(here.outcome, split=parts))
    assert expected(split, other(3.0)) == pytest.approx(300.0 + 300.0 / 3)


def test_on_a_gpu_the_hosts_part_of_a_split_is_not_in_the_latency() -> None:
    here = filled(7, 600.0)
    assert isinstance(here.outcome, Measured)
    outcome = replace(here.outcome, split={"dispatch": 900.0, "elementwise": 300.0})
    case = replace(here.case, point=replace(here.case.point, device="cuda"))
    on_gpu = replace(here, outcome=outcome, case=case)
    assert expected(on_gpu, other(3.0)) == pytest.approx((600.0 - 0.25) / 3 + 0.25)


def test_nothing_is_expected_to_beat_its_limit() -> None:
    here = filled(7, 1e-3)
    slowed = limit_of(here, other(0.5))
    assert slowed is not None
    assert expected(here, other(0.5)) == slowed.seconds


def test_the_error_is_of_what_was_expected_against_what_was_measured_there() -> None:
    there = [filled(7, 250.0), filled(7, 100.0, backend="torch_eager")]
    found = predict_sweep(SWEEP, other(3.0), [filled(7, 600.0)], there)
    known = {one.backend: one.error for one in found}
    assert known["cpp_ext"] == pytest.approx(-0.2, abs=1e-3)
    assert known["torch_eager"] is None  # measured there and never here
    assert prediction_errors(found)[""].cases == 1


@pytest.fixture
def file(tmp_path: Path) -> Path:
    storage.write(MACHINE, tmp_path / "given.json")
    return tmp_path / "given.json"


def kept_run(folder: Path, *records: Record) -> str:
    folder.mkdir()
    Run(folder).append(records)
    return str(folder)


def predicted(
    file: Path | None, results: Path, here: str | None = None, there: str | None = None, as_json: bool = False
) -> int:
    by = Narrowing(axes={"kib": (1, 7)}, operators=("memory_write",))
    return roofline.run("ceilings", by, file, here, there, results, as_json)


def test_the_table_says_what_it_is_not_held_against(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert predicted(file, tmp_path) == 0
    said = capsys.readouterr().out
    assert "predicted for Abacus, 2 threads" in said
    assert "not held against anything" in said
    assert said.count("memory_write") == 2


def test_as_json_every_point_is_a_line_with_its_limit(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert predicted(file, tmp_path, as_json=True) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(line["backend"], line["expected_s"], line["measured_s"]) for line in lines] == [("", None, None)] * 2
    assert [line["point"].rpartition("/")[2] for line in lines] == ["kib=1", "kib=7"]
    assert 0 < lines[0]["limit"]["memory_s"] < lines[1]["limit"]["memory_s"]


def test_ceilings_that_say_nothing_of_any_point_are_refused(tmp_path: Path) -> None:
    storage.write(replace(MACHINE, bandwidth={}, costs={}), tmp_path / "empty.json")
    with pytest.raises(UsageError, match=r"empty\.json say too little for any point of sweep 'ceilings'"):
        predicted(tmp_path / "empty.json", tmp_path)


def test_ceilings_of_another_machine_than_the_measured_run_are_refused(file: Path, tmp_path: Path) -> None:
    elsewhere = replace(filled(7, 1.0), environment={"device": "cpu", "device_name": "Slide rule", "threads": 2})
    there = kept_run(tmp_path / "there", elsewhere)
    with pytest.raises(UsageError, match=r"another machine than .*device_name Abacus there, Slide rule here"):
        predicted(file, tmp_path, there=there)


def test_records_without_limits_carry_nothing_over(file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPBENCH_CACHE", str(tmp_path / "cache"))
    here = kept_run(tmp_path / "here", filled(7, 1.0, ceilings=None))
    with pytest.raises(UsageError, match="no limit to carry over"):
        predicted(file, tmp_path, here=here)


def test_records_from_before_get_their_limits_where_their_machine_is_known(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OPBENCH_CACHE", str(tmp_path / "cache"))
    storage.keep(MACHINE)
    here = kept_run(tmp_path / "here", filled(7, 1.0, ceilings=None))
    assert predicted(file, tmp_path, here=here) == 0
    assert "predicted for Abacus" in capsys.readouterr().out


def test_without_a_file_this_machines_ceilings_are_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPBENCH_CACHE", str(tmp_path / "cache"))
    with pytest.raises(MachineError, match="opbench ceilings"):
        predicted(None, tmp_path)
