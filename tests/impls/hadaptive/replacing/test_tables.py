"""The tables: our counts against closed forms and the paper's, and every number of ours that a sentence states."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from typing import Any

import pytest
import torch
from torch import nn

from impls.hadaptive import replacements
from impls.hadaptive.counting import trainable
from impls.hadaptive.replacing import deviations, replace_with_ach
from impls.hadaptive.replacing.cost import Cost, attention_macs, cost
from impls.hadaptive.replacing.reported import FLOPS, PARAMETERS, reported
from impls.hadaptive.replacing.subjects import FROM_TIMM, IMAGE, Encoder, network
from impls.hadaptive.replacing.tables import Row, bert_line, replacement_line, selected
from impls.hadaptive.replacing.twice_thop import twice_thop
from impls.hadaptive.training.command import run
from impls.libraries import library
from opbench.errors import MachineError, UsageError

from .models import library as installed

LIBRARIES = {"ShuffleNetV2-1.0": "torchvision"}


def unchanged(label: str) -> nn.Module:
    installed(LIBRARIES.get(label, "timm"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return network(label)


def paper(table: str, label: str) -> dict[str, Any]:
    return next(row for row in reported()[table] if row["model"] == label)


def as_reported(model: nn.Module) -> Cost:
    """The two figures that the paper has; the others need a walk of a second."""
    return Cost(trainable(model), 0, 0, 0, twice_thop(model, IMAGE))


ROWS = [(table, row["model"]) for table in ("table5", "table8") for row in reported()[table]]


@pytest.mark.parametrize(("table", "label"), ROWS)
def test_every_row_has_the_papers_figures_or_names_what_is_unknown(table: str, label: str) -> None:
    row = paper(table, label)
    costs = [as_reported(unchanged(label)), as_reported(replace_with_ach(unchanged(label)))]
    cells = [tuple(row[name][at] for name in ("params_m", "flops_m", "top1")) for at in (0, 1)]
    differences = tuple(new - old for old, new in zip(*cells, strict=True))
    known = label not in deviations.UNKNOWN
    assert Row(label, None, costs[0], cells[0]).agrees
    assert Row(label, None, costs[1], cells[1]).agrees == known
    assert Row(label, None, costs[1] - costs[0], differences, change=True).agrees == known
    assert known or deviations.UNKNOWN[label].strip().startswith("unknown: ")


def test_what_is_unknown_is_printed_and_is_one_row() -> None:
    assert deviations.UNKNOWN.keys() == {"StarNet-S1"}
    assert any(one.startswith("StarNet-S1: unknown: ") for one in deviations.table5())


SELECTED = [
    ("MobileNetV3-S", 32),
    ("MobileNetV4-S", 32),
    ("ShuffleNetV2-1.0", 15),
    ("StarNet-S1", 35),
    ("MobileViT-small", 20),
    ("MobileViT-x-small", 16),
    ("MobileViT-xx-small", 13),
]


@pytest.mark.parametrize(("label", "k"), SELECTED)
def test_the_selections_are_those_that_the_sentences_state(label: str, k: int) -> None:
    assert selected(replace_with_ach(unchanged(label))) == k


@pytest.mark.parametrize("label", ["MobileNetV4-S", "ShuffleNetV2-1.0", "StarNet-S1"])
def test_a_block_that_only_gets_ach_is_cheaper_than_before(label: str) -> None:
    change = as_reported(replace_with_ach(unchanged(label), form="plain")) - as_reported(unchanged(label))
    assert change.parameters < 0
    assert change.twice_thop < 0


def test_the_libraries_own_models_are_as_far_from_the_papers_as_stated() -> None:
    timm = installed("timm")
    sizes = {}
    for label, name in FROM_TIMM.items():
        if label != "MobileNetV4-S":
            sizes[label] = trainable(timm.create_model(name, num_classes=100)) / 1e6
    assert round(sizes.pop("MobileNetV3-S"), 2) == 1.62
    assert round(sizes.pop("StarNet-S1"), 2) == 2.70
    for label, millions in sizes.items():
        assert 0.09 <= millions / paper("table8", label)["params_m"][0] - 1 <= 0.12


@pytest.mark.parametrize(
    ("ours", "millions", "agrees"),
    [
        (2_975_000, 2.98, True),
        (2_974_999, 2.98, False),
        (2_974_999, 2.97, True),
        (1_745_660, 1.74, True),
        (1_745_660, 1.75, True),
        (1_740_000, 1.74, True),
        (1_739_999, 1.73, True),
        (1_750_000, 1.74, False),
    ],
)
def test_a_figure_agrees_when_it_is_rounded_or_cut_off_to_the_papers(ours: int, millions: float, agrees: bool) -> None:
    assert PARAMETERS.agrees(ours, millions) == agrees
    assert FLOPS.agrees(100 * ours, 100 * millions) == agrees


def test_a_berts_cost_is_the_closed_form() -> None:
    installed("transformers")
    tokens, channels, wide, layers = 7, 768, 11, 2
    encoder = Encoder(layers, wide)
    shape = (3, tokens, channels)
    actual = cost(encoder, shape)
    weights = 4 * channels**2 + 2 * channels * wide
    assert actual.parameters == layers * (weights + 9 * channels + wide)
    assert actual.macs == layers * 3 * tokens * weights
    assert actual.attention == layers * 3 * 2 * tokens**2 * channels == attention_macs(encoder, shape)
    norms = 2 * 7 * tokens * channels + 2 * tokens * channels  # with their residuals
    scores = (4 + 1) * 12 * tokens**2  # softmax, and the division by the root of the head's size
    assert actual.flops == 2 * (actual.macs + actual.attention) + layers * 3 * (norms + scores + tokens * wide)


def test_a_berts_replacement_has_the_papers_width_and_the_weights_that_the_sentence_states() -> None:
    installed("transformers")
    before, after = Encoder(1, 2048), replace_with_ach(Encoder(1, 2048))
    assert selected(after) == 51
    pairs = 51 * 25
    weights = 768 * (768 + pairs) + 768**2
    others = 768 + 768 + 2 * 768 + 5 + 1 + 2 * pairs  # two biases, BatchNorm, ECA, DySoft
    assert trainable(after) - trainable(before) == weights + others - (2 * 768 * 2048 + 2048 + 768)


COST = Cost(1_617_000, 56_500_000, 1_200_000, 121_400_000, 123_400_000)


def test_lines_show_units_signs_and_the_papers_columns() -> None:
    row = Row("MobileNetV3-S", 32, COST, (1.55, 114, 71.58))
    assert " ".join(replacement_line(row).split()) == "MobileNetV3-S 32 1.617 1.55 56.5 1.2 121.4 123.4 114 71.58 no"
    change = Row("change", None, Cost(0, 0, 0, 0, 0) - COST, (-0.06, -9, 1.57), change=True)
    assert " ".join(replacement_line(change).split()) == "change -1.617 -0.06 -56.5 -1.2 -121.4 -123.4 -9 +1.57 no"
    bert = Row("BERT-6 ACH", 51, COST, (764, 2043, 76.2, 41.8))
    assert " ".join(bert_line(bert).split()) == "BERT-6 ACH 51 768 764 2043 2043 1.617 56.5 1.2 121 76.2 41.8"


def everything(models: Sequence[Any]) -> Iterable[Any]:
    return models


def test_a_table_says_what_is_the_papers(capsys: pytest.CaptureFixture[str]) -> None:
    installed("transformers")
    replacements.table13(everything)
    shown = capsys.readouterr().out
    assert max(map(len, shown.splitlines())) <= 120
    assert "* reported by the paper (arXiv 2505.22226), not measured here" in shown
    assert [line.split()[0] for line in shown.splitlines() if line.startswith("BERT-")] == ["BERT-6"] * 3 + [
        "BERT-12"
    ] * 3


@pytest.mark.parametrize(
    ("tables", "says"),
    [
        ("7", "no table '7' of replacements; there are: 13, 5, 8"),
        ("five", "--tables is 'five'; expected whole numbers"),
    ],
)
def test_a_table_that_is_not_there_is_refused(tables: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        replacements.replacements(tables)


def test_an_absent_library_is_named_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> None:
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)

    monkeypatch.setattr("impls.libraries.import_module", absent)
    with pytest.raises(MachineError, match="timm is not installed; `python -m pip install timm`"):
        library("timm")


def test_the_command_ends_with_an_exit_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["replacements", "--tables", "6"])
    with pytest.raises(SystemExit) as ended:
        run(replacements.app, "replacements")
    assert ended.value.code == 2
    assert capsys.readouterr().err.startswith("replacements: no table '6'")


def test_torchs_generator_is_not_needed_to_count() -> None:
    module = nn.Sequential(nn.Conv2d(3, 5, 1), nn.MaxPool2d(2), nn.LayerNorm(2), nn.Softmax(-1))
    state = torch.get_rng_state()
    actual = cost(module, (1, 3, 4, 4))
    assert torch.equal(torch.get_rng_state(), state)
    assert (actual.macs, actual.attention) == (240, 0)
    assert actual.flops == 480 + (7 + 4) * 20
