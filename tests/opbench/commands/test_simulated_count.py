"""`opbench count --simulate=ptx`: what it refuses, which points it takes, and what it leaves beside a run."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from opbench import simulation
from opbench.commands import simulated_count
from opbench.commands.simulated_count import Request
from opbench.errors import UsageError
from opbench.profiling import simulated_counts as profiled
from opbench.running import reporting
from opbench.store.runs import Run
from opbench.store.simulated_counts import FILE, add, read
from opbench.vocabulary.case import Axes, Case, Point
from opbench.vocabulary.record import Record, Unavailable
from opbench.vocabulary.simulated_count import NotCounted, SimulatedCount
from tests import counts

ASKED = Request(
    "cross_hadamard", {}, "cupy_raw:flat,torch_eager", "float32", "forward", "ptx", "", None, Path("nowhere")
)


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A PTX machine that counts the same of every case, and has no kernels of PyTorch's."""

    def count(case: Case, architecture: str) -> SimulatedCount | NotCounted:
        if case.backend == "torch_eager":
            return NotCounted(case.backend, "has no kernels", point=case.point)
        return replace(counts.count(), case=case, architecture=architecture)

    monkeypatch.setattr(simulation, "switch_on", lambda _: None)
    monkeypatch.setattr(profiled, "count_simulated", count)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A sweep's run of three points, two of them float32; figures are another test's."""
    monkeypatch.setattr(reporting, "artifacts_of", lambda *_: [])
    found = Run(tmp_path / "channels" / "2026-01-31T12-00-00Z")
    found.folder.mkdir(parents=True)
    found.append(record(channels, dtype) for channels, dtype in ((3, "float32"), (5, "float32"), (3, "bfloat16")))
    return found


def record(channels: int, dtype: str) -> Record:
    axes = {"batch": 1, "channels": channels, "edge": 7, "selected": 0}
    case = Case(Point("cross_hadamard", Axes(axes), dtype), "cpp_ext")
    return Record(case, Unavailable("no compiler"), {}, "abc", "2026-01-31T12:00:00+00:00")


def printed(capsys: pytest.CaptureFixture[str], request: Request) -> list[Mapping[str, object]]:
    assert simulated_count.run(request, as_json=True) == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"simulate": ""}, r"--simulate=\(none\): --backend, .* give --simulate=ptx with them"),
        ({"simulate": "source"}, "--simulate=source: .* count what compilers emit"),
        ({"simulate": "source", "arch": "sm_80"}, "--arch sm_80 says what --simulate=ptx compiles for"),
        ({"operator": None}, "of one operator: name it"),
        ({"mode": "out"}, "--mode out: .* takes forward or backward, one of them"),
        ({"mode": "forward,backward"}, "takes forward or backward, one of them"),
        ({"axes": {"width": (3,)}}, "width"),
        ({"dtypes": "float31"}, "no dtype 'float31'"),
    ],
)
def test_what_cannot_be_counted_is_refused_before_anything_is(changed: dict[str, object], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        simulated_count.run(replace(ASKED, **changed), as_json=False)  # type: ignore[arg-type]


def test_every_combination_of_axes_has_a_row_for_each_backend_that_runs(capsys: pytest.CaptureFixture[str]) -> None:
    rows = printed(capsys, replace(ASKED, axes={"channels": (3, 5), "edge": (7,)}, arch="sm_80"))
    points = [f"batch=1,channels={channels},edge=7,selected=0" for channels in (3, 5)]
    assert [str(row["case"]).split("/")[-2] for row in rows[:2]] == points
    assert {row["architecture"] for row in rows[:2]} == {"sm_80"}
    assert rows[2:] == [
        {
            "backend": "torch_eager",
            "reason": "has no kernels",
            "faulty": False,
            "point": f"cross_hadamard/float32/cpu/forward/none/{axes}",
        }
        for axes in points
    ]


def test_a_backend_that_is_counted_only_by_name_is_absent_once_and_from_every_point(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    by_name = NotCounted("tuned", "only where it is named")
    monkeypatch.setattr(profiled, "labels", lambda *_: (["cupy_raw:flat"], [by_name]))
    rows = printed(capsys, replace(ASKED, axes={"channels": (3, 5)}))
    absent = [row for row in rows if "reason" in row]
    assert absent == [{"backend": "tuned", "reason": by_name.reason, "faulty": False, "point": None}]


def test_the_table_says_what_was_not_counted_and_nothing_counted_is_an_exit_code_of_its_own(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert simulated_count.run(replace(ASKED, backends="torch_eager"), as_json=False) == 3
    assert "not counted: torch_eager: has no kernels" in capsys.readouterr().out


def test_a_fault_of_a_kernel_is_a_result_to_act_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    told = [counts.count(), NotCounted("numba_cuda:flat", "out of bounds", faulty=True)]
    monkeypatch.setattr(profiled, "count_simulated", lambda *_: told.pop())
    assert simulated_count.run(ASKED, as_json=False) == 1
    assert "FAULTY: numba_cuda:flat: out of bounds" in capsys.readouterr().out


def test_beside_a_run_its_own_points_are_counted_and_its_page_gets_the_table(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    reporting.write_report(run)
    before = (run.folder / "report.html").read_bytes()
    rows = printed(capsys, replace(ASKED, into="channels", results=tmp_path))
    assert [each.case.point.axes["channels"] for each in read(run)] == [3, 5]  # of the dtype that was asked for
    page = Path(str(rows[-1]["report"])).read_text(encoding="utf-8")
    assert "<h2>Traffic over the least</h2>" in page
    assert "It is no time and no bandwidth; caches are not modelled" in page
    (run.folder / "simulated_counts.jsonl").unlink()
    reporting.write_report(run)
    assert (run.folder / "report.html").read_bytes() == before


def test_a_report_of_named_backends_has_the_traffic_of_those_alone(run: Run) -> None:
    add(run, [counts.count("cpp_ext"), counts.count("triton_jit:flat")])
    only = reporting.write_report(run, ["cpp_ext"]).page.parent
    reporting.write_report(run)
    assert "triton_jit:flat" not in (only / "tables" / "traffic.csv").read_text(encoding="utf-8")
    assert "triton_jit:flat" in (run.folder / "tables" / "traffic.csv").read_text(encoding="utf-8")


def test_a_backend_that_was_only_counted_has_a_report_of_its_own(run: Run) -> None:
    add(run, [counts.count("triton_jit:flat")])
    written = reporting.write_report(run, ["triton_jit:flat"])
    assert written.records == []
    assert "triton_jit:flat" in (written.page.parent / "tables" / "traffic.csv").read_text(encoding="utf-8")
    with pytest.raises(
        UsageError, match=r"no backend 'triton_jit' in this run .*; there are: cpp_ext, triton_jit:flat"
    ):
        reporting.write_report(run, ["triton_jit"])


def test_what_is_interrupted_keeps_what_was_counted(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def count(case: Case, _: str) -> SimulatedCount:
        if case.point.axes["channels"] == 5:
            raise KeyboardInterrupt
        return replace(counts.count(), case=case)

    monkeypatch.setattr(profiled, "count_simulated", count)
    with pytest.raises(KeyboardInterrupt):
        simulated_count.run(replace(ASKED, into="channels", results=tmp_path), as_json=True)
    assert {each.case.point.axes["channels"] for each in read(run)} == {3}


def test_a_file_that_was_changed_is_refused_before_anything_is_counted(run: Run, tmp_path: Path) -> None:
    (run.folder / FILE).write_text("{}\n")
    with pytest.raises(UsageError, match=f"{FILE}:1 is no count"):
        simulated_count.run(replace(ASKED, into="channels", results=tmp_path), as_json=True)


def test_a_run_without_such_points_is_refused_with_those_it_has(run: Run, tmp_path: Path) -> None:
    beside = replace(ASKED, into="channels", results=tmp_path)
    with pytest.raises(UsageError, match=r"no point .* in float64; it has .* in float32, .* in bfloat16"):
        simulated_count.run(replace(beside, dtypes="float64"), as_json=False)
    with pytest.raises(UsageError, match="no run 'nowhere'"):
        simulated_count.run(replace(beside, into="nowhere"), as_json=False)
    assert read(run) == ()
