"""The study's tables and files say what was measured."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any

import pytest
import torch

from impls.low_precision import study, tables, train
from impls.low_precision.comparison import Compared
from impls.low_precision.layers.models import MODELS
from impls.low_precision.layers.recording import recorded
from impls.low_precision.layers.training import Arm, Ended
from impls.low_precision.products.counting import Cost
from impls.low_precision.products.patterns import Concentration
from impls.low_precision.records import product_line, product_of, read_lines, training_line, training_of
from impls.low_precision.summary import cells
from impls.low_precision.threshold import GRID, at_each


class Here(Executor):
    """Runs what it is given at once, in this process."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_result(fn(*args, **kwargs))
        return future


def compared(seed: int, plain: float, treated: float, rows: float = 0.0) -> Compared:
    errors = {"mxfp4": {"plain": plain, "rows": treated, "transform": treated * 1.04}}
    costs = {"mxfp4": {"plain": Cost(100, 0, 0, 50), "rows": Cost(90, 30, 0, 80), "transform": Cost(100, 0, 10, 50)}}
    return Compared(
        "m", seed, "layer", "forward", (5, 4, 5), (Concentration(rows, 0.0), Concentration(0.0, 0.9)), errors, costs
    )


def test_ratios_are_geometric_means_with_intervals_over_seeds() -> None:
    (cell,) = cells([compared(0, 0.4, 0.1), compared(0, 0.1, 0.1), compared(1, 0.2, 0.1)], by_pattern=False)
    assert cell.products == 3
    assert cell.error.mid == pytest.approx(0.2)
    assert cell.ratios["plain"].mid == 1
    assert cell.ratios["rows"].mid == pytest.approx(0.5)
    assert cell.ratios["rows"].low == pytest.approx(0.5)
    assert [cell.extra["rows"], cell.bytes["rows"]] == pytest.approx([0.2, 1.6])
    spread = cells([compared(0, 0.2, 0.1), compared(1, 0.2, 0.05)], by_pattern=False)[0].ratios["rows"]
    assert spread.low < 0.25 < spread.mid < 0.5 < spread.high


def test_the_cheapest_of_those_near_the_least_error_is_chosen() -> None:
    near, far = compared(0, 0.2, 0.1), compared(0, 0.2, 0.1)
    far.errors["mxfp4"]["transform"] *= 1.02  # type: ignore[index]  # a mapping to those who read it
    assert cells([near], by_pattern=True)[0].chosen == "transform"
    assert cells([far], by_pattern=True)[0].chosen == "rows"
    worse = compared(0, 0.1, 0.2)
    assert cells([worse], by_pattern=True)[0].chosen == "plain"


def test_products_of_other_patterns_are_other_cells() -> None:
    found = cells([compared(0, 0.2, 0.1), compared(0, 0.2, 0.1, rows=0.95)], by_pattern=True)
    assert [cell.patterns for cell in found] == ["none, column-wise", "row-wise, column-wise"]
    assert list(tables.patterns([compared(0, 0.2, 0.1)]))[-1] == "| forward | none, column-wise | 1 |"


def test_trainings_that_ended_early_are_counted_apart() -> None:
    lost = Ended(math.nan, math.nan, math.nan, 3)
    runs = {Arm(): [Ended(0.5, 1.0, 0.75, 9), lost], Arm("mxfp4"): [lost]}
    assert list(tables.trainings(runs))[2:] == [
        "| float32 | 0.5000 | 1.0000 | 75.00 (one seed) | 1 of 2 |",
        "| mxfp4, plain |  |  |  | 0 of 1 |",
    ]


def test_a_study_writes_what_it_measured_and_prints_the_same_from_its_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, one_thread: None
) -> None:
    monkeypatch.setattr(study, "MODELS", {"attention": MODELS["attention"]})
    monkeypatch.setattr(study, "STEPS", {"attention": 1})
    study.measure(Here(), [0], ["mxfp4"], tmp_path / "new")
    printed = list(study.told(tmp_path / "new", write=True))
    assert any(line.startswith("| forward | mxfp4 |") for line in printed)
    lines = read_lines(tmp_path / "new" / "products.jsonl")
    assert len(lines) == 3 * 7  # four projections, two layers, the classes
    assert [json.loads(json.dumps(product_line(product_of(line)))) for line in lines] == lines
    read = json.loads((tmp_path / "new" / "study.json").read_text())
    assert {cell["kept"] for cell in read["cells"]} == {"mxfp4"}
    assert {line["torch"] for line in lines} == {read["torch"]} == {torch.__version__}


def test_reading_writes_nothing_and_takes_lines_that_do_not_say_which_torch(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = product_line(compared(0, 0.2, 0.1))
    del line["torch"]
    (tmp_path / "products.jsonl").write_text(json.dumps(line) + "\n")
    assert study.main(["--read", "--out", str(tmp_path)]) == 0
    assert "| forward | mxfp4 |" in capsys.readouterr().out
    assert [path.name for path in tmp_path.iterdir()] == ["products.jsonl"]
    assert study.main(["--read", "--formats", "mxfp4", "--out", str(tmp_path)]) == 2
    assert capsys.readouterr().err.startswith("study: --formats mxfp4 with --read, which prints all")


@pytest.mark.parametrize("main", [study.main, train.main])
def test_files_of_something_else_are_refused_in_a_line(
    main: Callable[[list[str]], int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for text in ("[" * 100_000, "{}", '{"asked": 1}', "[]", "3"):
        for name in (study.PRODUCTS, train.TRAININGS):
            (tmp_path / name).write_text(text + "\n")
        assert main(["--read", "--out", str(tmp_path)]) == 2
        said = capsys.readouterr().err
        assert said.count("\n") == 1
        assert "jsonl" in said
        assert "measure again" in said


def test_trainings_are_kept_and_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, one_thread: None) -> None:
    monkeypatch.setattr(train, "ARMS", (Arm(), Arm("mxfp4", "adaptive", stochastic=True)))
    train.measure(Here(), [0, 1], 1, tmp_path)
    lines = read_lines(tmp_path / "trainings.jsonl")
    assert [line["seed"] for line in lines] == [0, 0, 1, 1]
    printed = list(train.told(tmp_path))
    assert [line.split(" |")[0] for line in printed[-2:]] == ["| float32", "| mxfp4, adaptive, stochastic"]
    lost = Ended(math.nan, math.nan, math.nan, 3)
    assert str(training_of(training_line(Arm(), 0, 9, lost))) == str((Arm(), lost))


def test_without_extraction_no_multiply_add_is_in_bfloat16_and_the_error_is_the_largest(one_thread: None) -> None:
    trainee = MODELS["attention"](0)
    layer = recorded(trainee.model, next(trainee.losses))[-1]
    found = at_each([layer], "mxfp4")
    assert list(found) == list(GRID)
    assert found[GRID[-1]][1:] == (0.0, 0.0)
    assert found[GRID[0]].extracted > 0
    assert found[GRID[0]].error < found[GRID[-1]].error


def test_options_that_mean_nothing_and_folders_without_records_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train.main(["--steps", "0"]) == 2
    assert train.main(["--processes", "0"]) == 2
    assert study.main(["--formats", "mxfp4,fp3"]) == 2
    assert study.main(["--seeds", "x"]) == 2
    assert study.main(["--read", "--out", str(tmp_path)]) == 2
    (tmp_path / "trainings.jsonl").write_text("")
    assert train.main(["--read", "--out", str(tmp_path)]) == 2
    (tmp_path / "trainings.jsonl").write_text("{")
    assert train.main(["--read", "--out", str(tmp_path)]) == 2
    says = (
        "train: --steps is 0; expected at least 1",
        "train: --processes is 0; expected at least 1",
        "study: no format 'fp3' of low precision",
        "study: --seeds is 'x'",
        "study: no file ",
        f"train: {tmp_path / 'trainings.jsonl'} is empty",
        f"train: {tmp_path / 'trainings.jsonl'} cannot be read as lines of JSON",
    )
    for line, expected in zip(capsys.readouterr().err.splitlines(), says, strict=True):
        assert line.startswith(expected)
