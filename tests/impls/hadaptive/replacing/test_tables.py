"""The tables: our counts against closed forms and the paper's, and every number of ours that a sentence states."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

import pytest
import torch
from torch import nn

from impls.hadaptive import replacements
from impls.hadaptive.counting import trainable
from impls.hadaptive.replacing import replace_with_ach
from impls.hadaptive.replacing.cost import Cost, attention_macs, cost
from impls.hadaptive.replacing.reported import nearly_free, reported
from impls.hadaptive.replacing.subjects import IMAGE, Encoder, mobilenet_v4_as_implied, network
from impls.hadaptive.replacing.tables import Row, bert_line, replacement_line, selected
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


@lru_cache(maxsize=8)
def cost_before(label: str) -> Cost:
    """Two walks of a whole model, asked for by several tests."""
    return cost(unchanged(label), IMAGE)


def paper(table: str, label: str) -> dict[str, Any]:
    return next(row for row in reported()[table] if row["model"] == label)


@pytest.mark.parametrize(
    ("table", "label", "k"),
    [
        ("table5", "MobileNetV3-S", 32),
        ("table8", "MobileViT-small", 20),
        ("table8", "MobileViT-x-small", 16),
        ("table8", "MobileViT-xx-small", 13),
    ],
)
def test_the_change_is_the_papers_where_its_form_is_ours(table: str, label: str, k: int) -> None:
    model, row = replace_with_ach(unchanged(label)), paper(table, label)
    assert selected(model) == k
    change = cost(model, IMAGE) - cost_before(label)
    # Each of the paper's two figures may be off by half a unit of its last digit.
    assert abs(change.parameters / 1e6 - (row["params_m"][1] - row["params_m"][0])) < 0.01
    assert abs(change.flops / 1e6 - (row["flops_m"][1] - row["flops_m"][0])) < 1
    assert change.attention == 0


def test_mobilenet_v3_with_one_channel_fewer_is_not_the_papers() -> None:
    change = trainable(replace_with_ach(unchanged("MobileNetV3-S"), k=31)) - trainable(unchanged("MobileNetV3-S"))
    assert round(change / 1e6, 2) == -0.10


def test_what_the_papers_mobilenet_v4_implies_gives_its_numbers() -> None:
    before, row = cost_before("MobileNetV4-S"), paper("table5", "MobileNetV4-S")
    actual = cost(mobilenet_v4_as_implied(), IMAGE)
    assert round(actual.parameters / 1e6, 2) == row["params_m"][1] == 2.98
    assert abs((actual - before).flops / 1e6 - (row["flops_m"][1] - row["flops_m"][0])) < 1


def test_starnet_without_the_biases_of_its_convolutions_is_the_papers() -> None:
    model = unchanged("StarNet-S1")
    biases = [one.bias.numel() for one in model.modules() if isinstance(one, nn.Conv2d) and one.bias is not None]
    assert round((trainable(model) - sum(biases)) / 1e6, 2) == paper("table5", "StarNet-S1")["params_m"][0]


@pytest.mark.parametrize(("label", "k"), [("ShuffleNetV2-1.0", 16), ("StarNet-S1", 35)])
def test_ours_is_cheaper_where_the_papers_form_is_unknown(label: str, k: int) -> None:
    model = replace_with_ach(unchanged(label))
    assert selected(model) == k
    change = cost(model, IMAGE) - cost_before(label)
    assert change.parameters < 0
    assert change.flops < 0


@pytest.mark.parametrize(
    ("label", "without", "with_attention"),
    [("MobileViT-small", 0, 7), ("MobileViT-x-small", -7, 1), ("MobileViT-xx-small", -10, 6)],
)
def test_mobilevits_bases_are_as_far_from_the_papers_as_stated(label: str, without: int, with_attention: int) -> None:
    model, row = unchanged(label), paper("table8", label)
    more = trainable(model) / 1e6 / row["params_m"][0] - 1
    assert 0.09 <= more <= 0.12
    assert trainable(model.get_submodule("head")) / 1e6 < trainable(model) / 1e6 - row["params_m"][0]
    actual = cost_before(label)
    assert round(100 * (actual.flops / 1e6 / row["flops_m"][0] - 1)) == with_attention
    assert round(100 * ((actual.flops - 2 * actual.attention) / 1e6 / row["flops_m"][0] - 1)) == without


def test_parameters_that_cost_nothing_follow_from_the_papers_two_columns() -> None:
    assert nearly_free({"flops_m": [385, 381], "params_m": [2.62, 2.98]}) == pytest.approx(0.36 + 4 / 98)


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


COST = Cost(1_617_000, 56_500_000, 1_200_000, 123_400_000)


def test_lines_show_units_signs_and_the_papers_columns() -> None:
    row = Row("MobileNetV3-S", 32, COST, (1.55, 114, 71.58))
    assert " ".join(replacement_line(row).split()) == "MobileNetV3-S 32 1.617 1.55 56.5 1.2 123.4 114 71.58"
    change = Row("change", None, Cost(0, 0, 0, 0) - COST, (-0.06, -9, 1.57), change=True)
    assert " ".join(replacement_line(change).split()) == "change -1.617 -0.06 -56.5 -1.2 -123.4 -9 +1.57"
    bert = Row("BERT-6 ACH", 51, COST, (764, 2043, 76.2, 41.8))
    assert " ".join(bert_line(bert).split()) == "BERT-6 ACH 51 768 764 2043 2043 1.617 56.5 1.2 123 76.2 41.8"


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
