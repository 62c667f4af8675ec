"""`python -m impls.hadaptive.search`: one search on digits, its files, and what it refuses."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from impls.hadaptive.config import Convolution, GhostBottleneck, HadaBottleneck, NetworkConfig, parse
from impls.hadaptive.images import digits
from impls.hadaptive.network import build
from impls.hadaptive.search.__main__ import app
from impls.hadaptive.search.confidence import table
from opbench.errors import UsageError

from ....commands import Interpreter

pytest.importorskip("sklearn", reason="scikit-learn is not installed, and the digits come with it")

NETWORK = NetworkConfig(
    (Convolution(32, kernel=3), GhostBottleneck(32, 2.0, kernel=2, stride=2), HadaBottleneck(32, k=4)),
    width=9,
    hidden=7,
)

FLAGS = ["--divisor", "1", "--edge", "8", "--epochs", "2", "--batch", "256", "--space", "full", "--device", "cpu"]


@pytest.fixture(scope="module", autouse=True)
def _few_images() -> Iterator[None]:
    """297 digits to learn from, not 1,437: two thirds of a search's time, and nobody asks what it finds."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(digits, "TESTED", 1500)
        yield


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("search")
    (found / "tiny.json").write_text(json.dumps(NETWORK.plain()))
    return found


def command(folder: Path, *more: str) -> None:
    given = [
        "--network",
        str(folder / "tiny.json"),
        "--results",
        str(folder),
        "--backend",
        "torch_eager",
        *FLAGS,
        *more,
    ]
    app(given, standalone_mode=False)


@pytest.fixture(scope="module")
def done(folder: Path) -> Path:
    command(folder)
    return folder / "search" / "digits-full-linear-0"


def result(done: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((done / "result.json").read_text())
    return found


def test_it_leaves_a_result_a_network_and_the_table(done: Path) -> None:
    actual = result(done)
    config = parse(json.loads((done / "network.json").read_text()))
    assert config.plain() == actual["network"]
    assert build(config, 10, 1, "torch_eager").eval()(torch.zeros(1, 1, 8, 8)).shape == (1, 10)
    assert (done / "confidence.txt").read_text() == f"{table(actual['layers'])}\n"
    assert [row["channels"] for row in actual["layers"]] == [32, 32, 32, 9]
    for row in actual["layers"][1:3]:
        assert sum(one["confidence"] for one in row["candidates"]) == pytest.approx(1)
        assert row["candidates"][row["chosen"]]["confidence"] == max(one["confidence"] for one in row["candidates"])
    assert len(actual["history"]) == actual["settings"]["epochs"] == 2
    assert actual["question"]["data"] == "digits (10 classes, 1x8x8)"
    assert 0 <= actual["test_accuracy"] <= 1
    assert actual["reported"] is None


def test_a_table_of_the_paper_is_searched_over_its_own_layers_with_its_figures_beside(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--space", "depth", "--divisor", "8", "--edge", "8", "--epochs", "1", "--batch", "512"]
    app([*words, "--results", str(tmp_path), "--backend", "torch_eager", "--device", "cpu"], standalone_mode=False)
    actual = result(tmp_path / "search" / "digits-depth-linear-0")
    assert len(actual["layers"]) == 18
    assert actual["reported"]["layers"][6] == ["14", "9", "68"]
    assert actual["question"]["network"] == "the space's own"
    printed = capsys.readouterr().out
    assert "(68%*)" in printed
    assert "reported by the paper (arXiv 2505.22226, table 12), CIFAR-100, not measured here" in printed
    assert "66.23 % of the test images; ours has its channels and k divided by 8" in printed


def test_a_folder_is_not_written_over_and_resume_goes_on_where_it_ended(done: Path, folder: Path) -> None:
    before = result(done)
    with pytest.raises(UsageError, match="already holds a search; --resume goes on with it, or name other --results"):
        command(folder)
    with pytest.raises(UsageError, match="is of another search: epochs 2 there, 3 here"):
        command(folder, "--resume", "--epochs", "3")
    command(folder, "--resume")
    assert result(done) == before


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (["--space", "norm"], "no search space 'norm'"),
        (["--data", "digit"], "no data set 'digit'"),
        (["--edge", "1"], "is too small: strides divide edges by 2; give --edge 2 or more"),
        (["--divisor", "3"], "k 4 cannot be divided by 3"),
        (["--space", "kernels"], "'kernels' has the 17 layers of its own table, and this network has 3 or other kinds"),
        (["--annealing", "sine"], "no annealing schedule 'sine'"),
        (["--network", "hadaptive_net_x"], "no variant 'hadaptive_net_x'"),
        (["--workers", "-1"], "--workers is -1; expected at least 0"),
    ],
)
def test_what_cannot_be_searched_is_refused(folder: Path, more: list[str], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        command(folder, *more)


def test_a_refusal_is_one_line_and_exit_code_2(interpreter: Interpreter) -> None:
    program = "import runpy; runpy.run_module('impls.hadaptive.search', run_name='__main__')"
    ended = interpreter.run(program, ["search", "--space", "norm"])
    assert (ended.code, ended.stdout, ended.stderr.count("\n")) == (2, "", 1)
    assert ended.stderr.startswith("search: no search space 'norm'")
