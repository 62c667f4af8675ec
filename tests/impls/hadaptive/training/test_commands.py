"""The two commands from their words to their exit codes, on data that the tests make."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from impls.hadaptive import ablate, train
from impls.hadaptive.images import sources
from impls.hadaptive.images.data import DataSet
from impls.hadaptive.images.sources import Source
from impls.hadaptive.training import checkpoint, command
from impls.hadaptive.training.loop import Training

from ..training_scenes import TINY, bars, differing

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """Runs a command on `bars` with the tiny network, its results under tmp_path: exit code, output, errors."""

    def load(root: Path, edge: int) -> DataSet:
        return bars(edge=edge)

    monkeypatch.setattr(sources, "SOURCES", {**sources.SOURCES, "bars": Source("bars", load, edge=6, epochs=2)})
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tiny.json").write_text(json.dumps(TINY.plain()), encoding="utf-8")

    def one(name: str, *words: str) -> tuple[int, str, str]:
        app = {"train": train.app, "ablate": ablate.app}[name]
        usual = ("--data", "bars", "--network", "tiny.json", "--backend", "torch_eager", "--batch", "8")
        monkeypatch.setattr("sys.argv", [name, *usual, *words])
        with pytest.raises(SystemExit) as ended:
            command.run(app, name)
        assert isinstance(ended.value.code, int)
        message = capsys.readouterr()
        return ended.value.code, message.out, message.err

    return one


def test_training_reports_every_seed_and_leaves_a_checkpoint_of_each(run: Run, tmp_path: Path) -> None:
    code, out, err = run("train", "--seeds", "0,3")
    assert code == 0, err
    lines = out.splitlines()
    assert [line.partition(":")[0] for line in lines] == ["seed 0", "seed 3", "mean of 2 seeds [95 % interval]"]
    assert "bars (3 classes, 1x6x6), 17 test images, one is 5.88%" in lines[-1]
    assert err.count("epoch 2/2: loss ") == 2
    for seed in (0, 3):
        folder = tmp_path / "results" / "training" / f"bars-tiny-{seed}"
        epochs = [json.loads(line) for line in (folder / "epochs.jsonl").read_text(encoding="utf-8").splitlines()]
        assert [one["number"] for one in epochs] == [1, 2]
        assert f"seed {seed}: test accuracy {epochs[-1]['accuracy']:.2%} after 2 epochs" in out
        assert checkpoint.load(folder / "checkpoint.pt").config == TINY


def test_an_interrupted_training_is_refused_without_resume_and_goes_on_with_it(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("train", "--epochs", "3")
    assert run(*words, "--results", "straight")[0] == 0
    step = Training._step
    with monkeypatch.context() as patched:

        def interrupted(self: Training, *arguments: torch.Tensor) -> torch.Tensor:
            if len(self.history) == 2:
                raise KeyboardInterrupt
            return step(self, *arguments)  # type: ignore[arg-type]  # images, labels, rate

        patched.setattr(Training, "_step", interrupted)
        code, _, err = run(*words)
    assert (code, err.splitlines()[-1]) == (130, "train: interrupted; what was finished is kept, --resume goes on")
    code, _, err = run(*words)
    assert code == 2
    assert "results/training/bars-tiny-0 already holds a training; --resume goes on with it" in err
    code, out, _ = run(*words, "--resume")
    assert code == 0
    folders = [tmp_path / at / "training" / "bars-tiny-0" for at in ("straight", "results")]
    straight, resumed = (checkpoint.load(folder / "checkpoint.pt") for folder in folders)
    assert differing(straight.state, resumed.state) == []
    assert len((folders[1] / "epochs.jsonl").read_text(encoding="utf-8").splitlines()) == 3
    assert run(*words, "--resume")[1].partition(" after")[0] == out.partition(" after")[0]


REFUSED: list[tuple[tuple[str, ...], int, str]] = [
    (("--data", "digit"), 2, "no data set 'digit' (did you mean 'digits'?)"),
    (("--network", "hadaptive_net_x"), 2, "no variant 'hadaptive_net_x' of Hadaptive-Net"),
    (
        ("--network", "hadaptive_net_s"),
        2,
        "bars (3 classes, 1x6x6) is too small: the network's strides divide edges by 32",
    ),
    (("--network", "absent.json"), 2, "no file absent.json"),
    (("--network", "list.json"), 2, "list.json holds a list; expected an object"),
    (("--network", "text.json"), 2, "text.json is not JSON"),
    (("--edge", "1"), 2, "bars (3 classes, 1x1x1) is too small"),
    (("--backend", "cpp"), 2, "no backend 'cpp' of cross_hadamard"),
    (("--seeds", "0,x"), 2, "--seeds is '0,x'; expected whole numbers from 0"),
    (("--seeds", "1,1"), 2, "--seeds is '1,1'; expected each number once"),
    (("--seeds", "4294967296"), 2, "seed is 4294967296; expected below 2^32"),
    (("--epochs", "0"), 2, "epochs is 0; expected a whole number of at least 1"),
    (("--lr", "-1"), 2, "the learning rate is -1.0; expected above 0"),
    (("--threads", "-1"), 2, "--threads is -1; expected at least 1"),
    (("--device", "tpu"), 2, "no device 'tpu'; there are: auto, cpu, cuda"),
    (("--depth", "3"), 2, "No such option: --depth"),
]


@pytest.mark.parametrize("name", ["train", "ablate"])
@pytest.mark.parametrize(("words", "code", "says"), REFUSED, ids=[" ".join(case[0]) for case in REFUSED])
def test_a_refusal_is_one_line_and_a_code(name: str, words: tuple[str, ...], code: int, says: str, run: Run) -> None:
    Path("list.json").write_text("[]", encoding="utf-8")
    Path("text.json").write_text("layers", encoding="utf-8")
    actual, out, err = run(name, *words)
    assert (actual, out, len(err.splitlines())) == (code, "", 1), err
    assert err.startswith(f"{name}: ")
    assert says in err


@pytest.mark.skipif(torch.cuda.is_available(), reason="a GPU is here")
def test_a_gpu_that_is_not_there_is_the_machines_fault(run: Run) -> None:
    code, _, err = run("train", "--device", "cuda")
    assert (code, err) == (3, "train: no CUDA device: PyTorch sees none on this machine; use --device cpu\n")


def test_a_checkpoint_of_other_settings_is_not_resumed(run: Run) -> None:
    assert run("train")[0] == 0
    code, _, err = run("train", "--resume", "--lr", "0.5")
    assert (code, len(err.splitlines())) == (2, 1)
    assert "has other settings: rate 0.001 there, 0.5 here" in err


def test_an_ablation_trains_every_variant_with_every_seed_once(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    words = ("ablate", "--epochs", "1", "--variants", "full,bn,no_eca", "--seeds", "0,1")
    made: list[tuple[str, int]] = []
    init = Training.__init__

    def counted(self: Training, config: object, data: object, settings: object, **arguments: object) -> None:
        made.append((str(config), settings.seed))  # type: ignore[attr-defined]
        init(self, config, data, settings, **arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(Training, "__init__", counted)
    code, out, err = run(*words)
    assert code == 0, err
    assert len(set(made)) == len(made) == 6
    assert [seed for _, seed in made] == [0, 0, 0, 1, 1, 1]
    rows = [line.split("|")[1].strip() for line in out.splitlines() if line.startswith("|")]
    assert rows[2:] == ["full", "no_eca", "bn"]
    folder = Path("results/ablations/bars-tiny-1")
    assert (folder / "table.md").read_text(encoding="utf-8") == out
    assert err.count("test accuracy") == 6
    lines = (folder / "trainings.jsonl").read_text(encoding="utf-8").splitlines()
    (folder / "trainings.jsonl").write_text("\n".join(lines[:5]), encoding="utf-8")
    assert run(*words, "--resume")[:2] == (0, out)
    assert len(made) == 8
    code, _, err = run(*words)
    assert code == 2
    assert "is there already; --resume goes on with it" in err
