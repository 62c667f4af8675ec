"""Figure 7's planes: what is asked on which device, how the command line thins them out, and that they resume."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from opbench import catalog
from opbench.cli.options import narrowing
from opbench.commands.app import main
from opbench.planning.plan import plan
from opbench.running.reporting import Written
from opbench.running.workers.places import Measuring
from opbench.store.runs import Run
from opbench.vocabulary.block import Block
from opbench.vocabulary.case import Axes, Case, Point
from opbench.vocabulary.record import Record, Unavailable
from opbench.vocabulary.sweep import Grid
from reports.data.planes import planes
from sweeps.grid import LARGEST_ON_CPU, SWEEP, too_large

ROOT = Path(__file__).parents[2]
DEVICES = {"cpu": "wall", "cuda": "cuda_events:warm"}

Cells = set[tuple[int, int, int]]


def points_of(grid: Grid, device: str) -> list[Point]:
    """Every point that the grid asks of the device, without looking a backend up."""
    if grid.device != device:
        return []
    return list(Block.of(grid, catalog.operator("cross_hadamard"), device, DEVICES[device]).points())


def cells(device: str, **axes: tuple[int, ...]) -> Cells:
    """(batch, channels, edge) of every point asked for."""
    found = SWEEP.narrowed(narrowing(axes))
    points = [point for grid in found.grids for point in points_of(grid, device)]
    return {(point.axes["batch"], point.axes["channels"], point.axes["edge"]) for point in points}


def test_on_a_gpu_every_fourth_point_of_the_figure_is_asked() -> None:
    batch, channels, edge = set(range(1, 65, 4)), set(range(3, 67, 4)), set(range(1, 65, 4))
    expected = {(b, 64, e) for b in batch for e in edge}
    expected |= {(64, c, e) for c in channels for e in edge}
    expected |= {(b, c, 64) for b in batch for c in channels}
    assert cells("cuda") == expected


@pytest.mark.parametrize("device", DEVICES)
def test_every_device_has_the_three_planes_and_they_share_no_point(device: str) -> None:
    grids = [grid for grid in SWEEP.grids if points_of(grid, device)]
    assert [set(grid.axes) for grid in grids] == [{"batch", "edge"}, {"channels", "edge"}, {"batch", "channels"}]
    assert sum(len(points_of(grid, device)) for grid in grids) == len(cells(device))


def test_several_values_set_the_density_and_one_moves_the_held_axis() -> None:
    full = cells("cuda", batch=tuple(range(1, 65)), channels=tuple(range(3, 67)), edge=tuple(range(1, 65)))
    assert len(full) == 3 * 64 * 64 - 2 * 64 - 64 + 1
    moved = cells("cuda", batch=(2,))
    assert {batch for batch, _, _ in moved} == {2}
    assert len({edge for _, _, edge in moved}) == 17


def test_the_cpu_asks_for_its_extension_and_a_gpu_for_every_language_and_eager() -> None:
    schedules = ("direct", "balanced", "flat", "blocked")
    assert asked("cpu") == {f"cpp_ext:{schedule}" for schedule in schedules}
    languages = ("cpp_ext", "cupy_raw", "numba_cuda", "triton_jit")
    assert asked("cuda") == {"torch_eager", *(f"{one}:{schedule}" for one in languages for schedule in schedules)}


def asked(device: str) -> set[str]:
    thinned = SWEEP.narrowed(narrowing({"batch": (1,), "channels": (3,), "edge": (1,)}))
    return {case.backend for task in plan(thinned, device, DEVICES[device]) for case in task.cases}


@pytest.mark.parametrize(
    ("device", "dtype", "batch", "skipped"),
    [
        ("cpu", "float32", 16, False),
        ("cpu", "float32", 17, True),
        ("cpu", "float64", 9, True),
        ("cpu", "bfloat16", 32, False),
        ("cuda", "float32", 64, False),
    ],
)
def test_on_a_cpu_larger_outputs_are_left_out_with_a_reason(device: str, dtype: str, batch: int, skipped: bool) -> None:
    # 2048 * 1023 products of 1 pixel: 7.99 MiB of float32 a sample.
    point = Point("cross_hadamard", Axes({"batch": batch, "channels": 2047, "edge": 1}), dtype, device)
    reason = too_large(point)
    assert (reason is not None) == skipped
    if reason is not None:
        assert f"{LARGEST_ON_CPU >> 20} MiB" in reason


def test_the_sweep_has_a_budget_of_its_own_and_the_command_line_replaces_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked: list[float] = []

    def measured(*given: object) -> None:
        asked.extend(one.settings.budget_s for one in given if isinstance(one, Measuring))
        raise KeyboardInterrupt

    monkeypatch.setattr("opbench.commands.sweep.run._measure", measured)
    monkeypatch.setattr("opbench.store.runs.new_run", lambda *_: Run(tmp_path))
    words = ("opbench", "sweep", "grid", "--device", "cpu", "--backend", "torch_eager")
    for more in ((), ("--budget", "0.25")):
        monkeypatch.setattr(sys, "argv", [*words, *more])
        with pytest.raises(SystemExit):
            main()
    assert asked == [SWEEP.budget_s, 0.25]
    assert SWEEP.budget_s < catalog.sweep("channels").budget_s == 0.5


SMALL = ("--batch", "1,2,3", "--channels", "5", "--edge", "1,2,3", "--budget", "0.001", "--device", "cpu")
"""One plane of nine cells, and the two others thinned to lines of three."""


@pytest.fixture
def opbench(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., int]:
    def typed(*words: str) -> int:
        monkeypatch.setattr(sys, "argv", ["opbench", *words, "--results", str(tmp_path), "--json"])
        monkeypatch.chdir(ROOT)
        with pytest.raises(SystemExit) as ended:
            main()
        assert isinstance(ended.value.code, int)
        return ended.value.code

    return typed


def test_an_interrupted_grid_goes_on_with_the_same_cells_and_draws_all(
    opbench: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = {name: where for name, where in catalog.reports().items() if name in {"winners", "heatmap"}}
    assert len(drawn) == 2  # of planes; two pages with all the others take 5 s
    monkeypatch.setattr(catalog, "reports", lambda: drawn)
    words = ("sweep", "grid", *SMALL, "--backend", "torch_eager,torch_select")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "opbench.commands.sweep.run.write_report", lambda run, **_: Written(run.folder, [], catalog.totals())
        )
        assert opbench(*words) == 0
    (folder,) = (tmp_path / "grid").iterdir()
    file = folder / "records.jsonl"
    environment, *whole = file.read_text().splitlines(keepends=True)
    file.write_text("".join([environment, *whole[:21]]) + whole[21][:40])  # killed while writing
    assert opbench(*words, "--resume") == 0
    again = [line for line in file.read_text().splitlines(keepends=True) if '"case":' in line]
    assert again[:21] == whole[:21]
    assert [key(line) for line in again] == [key(line) for line in whole]
    assert len(again) == (9 + 3 + 3) * 2
    assert (folder / "figures" / "winners.svg").is_file()
    capsys.readouterr()

    # Any two backends of a run can be held against each other.
    assert opbench("report", "grid", "--backend", "torch_select,torch_eager") == 0
    page = Path(json.loads(capsys.readouterr().out)["report"])
    assert page.parent == folder / "only" / "torch_select+torch_eager"
    assert len(list(page.parent.glob("figures/heatmap_*.svg"))) == 1
    assert opbench("report", "grid", "--backend", "cpp_ext") == 2


def key(line: str) -> tuple[str, str]:
    case = json.loads(line)["case"]
    return str(case["axes"]), case["backend"]


def test_the_planes_a_cpu_run_leaves_are_the_three_that_were_asked_for() -> None:
    points = [point for grid in SWEEP.grids for point in points_of(grid, "cpu")]
    ordered = [Axes({name: point.axes[name] for name in ("batch", "channels", "edge")}) for point in points]
    cases = [Case(Point("cross_hadamard", axes), "cpp_ext:flat") for axes in ordered]
    records = [Record(case, Unavailable("not here"), {}, "", "") for case in cases]
    (group,) = planes(records)
    assert [(plane.y, plane.x, len(plane.asked)) for plane in group] == [
        ("batch", "edge", 48),
        ("channels", "edge", 64),
        ("batch", "channels", 48),
    ]
