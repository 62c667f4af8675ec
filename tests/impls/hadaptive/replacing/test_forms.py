"""The forms that were tried: their closed forms against built models, and what the sentences say of them."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import pytest

from impls.hadaptive.counting import trainable
from impls.hadaptive.replacing import deviations, replace_with_ach
from impls.hadaptive.replacing.forms import __main__ as command
from impls.hadaptive.replacing.forms.grids import Form
from impls.hadaptive.replacing.forms.trying import BEFORE, GRIDS, changed, tried
from impls.hadaptive.replacing.reported import reported
from impls.hadaptive.replacing.subjects import IMAGE, network
from impls.hadaptive.replacing.twice_thop import twice_thop

from .models import library

trying = lru_cache(tried)


@pytest.mark.parametrize("label", GRIDS)
def test_the_unchanged_models_of_the_grids_are_those_that_are_built(label: str) -> None:
    library("torchvision" if label.startswith("Shuffle") else "timm")
    model, grid = network(label.removesuffix(BEFORE)), GRIDS[label]
    assert (trainable(model), twice_thop(model, IMAGE)) == (grid.model.parameters, 2 * grid.model.thop)


BUILT = [
    ("MobileNetV3-S", "ACH, depthwise, 1x1", 32, 5, "a quarter, multiple of 8", "paper"),
    ("MobileNetV4-S", "ACH, depthwise, 1x1", 32, 5, "a quarter, multiple of 8", "paper"),
    ("MobileNetV4-S", "ACH, depthwise, 1x1", 29, 3, "none", "plain"),
    ("ShuffleNetV2-1.0", "1x1, depthwise, ACH", 15, 3, "a quarter, multiple of 8", "paper"),
    ("ShuffleNetV2-1.0", "1x1, depthwise, ACH", 15, 3, "none", "plain"),
    ("StarNet-S1", "ACH, 1x1, 2 depthwise 7x7 around", 35, 0, "none", "plain"),
]


@pytest.mark.parametrize(("label", "steps", "k", "kernel", "squeezed", "form"), BUILT)
def test_a_forms_closed_form_is_what_the_built_model_costs(
    label: str, steps: str, k: int, kernel: int, squeezed: str, form: str
) -> None:
    library("torchvision" if label.startswith("Shuffle") else "timm")
    model = replace_with_ach(network(label), form=form)
    wanted = (steps, k, kernel, squeezed)
    (found,) = [one for one in GRIDS[label].forms() if (one.steps, one.k, one.kernel, one.squeezed) == wanted]
    assert changed(GRIDS[label], found) == (trainable(model), twice_thop(model, IMAGE))


def test_the_stage_before_is_on_maps_of_twice_the_edge() -> None:
    """StarNet's last stage has three blocks: with five replaced, two are of the stage before."""
    library("timm")
    grid = GRIDS[f"StarNet-S1{BEFORE}"]
    wanted = ("ACH, 1x1, 2 depthwise 7x7 around", 28, 0, "none")
    (form,) = [one for one in grid.forms() if (one.steps, one.k, one.kernel, one.squeezed) == wanted]
    three, five = (replace_with_ach(network("StarNet-S1"), last, k=28) for last in (3, 5))
    parameters, flops = changed(grid, form)
    assert trainable(five) - trainable(three) == parameters - grid.model.parameters
    assert twice_thop(five, IMAGE) - twice_thop(three, IMAGE) == flops - 2 * grid.model.thop


@pytest.mark.parametrize("label", GRIDS)
def test_the_sentences_state_how_many_forms_were_tried_and_agree(label: str) -> None:
    number, agreeing = trying(label)
    model = label.removesuffix(BEFORE)
    (sentence,) = [one for one in deviations.table5() if one.startswith(f"{model}: ")]
    told = (
        f"{len(agreeing)} of {number:,} forms agree" if label != model else f"f {number:,} forms {len(agreeing)} agree"
    )
    assert told in sentence


def quarters(forms: list[Form]) -> list[Form]:
    return [one for one in forms if one.squeezed.startswith("a quarter")]


def test_all_that_agree_of_mobilenet_v3_are_what_its_blocks_are() -> None:
    """The grid knows neither k nor kernel nor squeeze, and finds those of the model: this way of looking can see."""
    assert {(one.k, one.kernel) for one in trying("MobileNetV3-S")[1]} == {(32, 5)}
    assert len(quarters(trying("MobileNetV3-S")[1])) == 5


def test_what_agrees_of_the_other_networks_is_as_stated() -> None:
    _, fourth = trying("MobileNetV4-S")
    assert [(one.k, one.kernel) for one in quarters(fourth)] == [(32, 5), (32, 5)]
    _, units = trying("ShuffleNetV2-1.0")
    assert all(one.squeezed != "none" for one in units)
    narrowed = quarters(units)
    assert len(narrowed) == 11
    assert {one.k for one in narrowed} == {15, 16}
    assert all(one.steps in {"1x1, depthwise, ACH", "1x1, ACH, depthwise"} for one in narrowed)


def test_what_agrees_of_starnet_is_as_stated() -> None:
    row = next(row for row in reported()["table5"] if row["model"] == "StarNet-S1")
    gone = (row["flops_m"][0] - row["flops_m"][1]) / (2 * 7 * 7)  # weights of 1x1 convolutions on 7x7, millions
    assert round((gone - (row["params_m"][0] - row["params_m"][1])) / 2, 2) == 0.16
    _, last = trying("StarNet-S1")
    assert all(one.squeezed != "none" for one in last)
    (only,) = quarters(last)
    assert (only.kernel, "0 depthwise" in only.steps) == (0, True)
    _, before = trying(f"StarNet-S1{BEFORE}")
    assert {one.squeezed for one in before} == {"none"}
    as_ours = [one.k for one in before if (one.steps, one.kernel) == ("ACH, 1x1, 2 depthwise 7x7 around", 0)]
    assert as_ours == [28]


def test_the_command_prints_what_agrees(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "GRIDS", ["MobileNetV3-S"])
    command.forms()
    first, *lines = capsys.readouterr().out.splitlines()
    assert first == "MobileNetV3-S: 5 of 7200 forms have the paper's parameters and FLOPs"
    assert len(lines) == 5
    assert lines[0] == "  ACH, depthwise, 1x1; k = 32, 592 channels, kernel 5, squeezed to a quarter"


def test_the_sentences_sum_of_forms_is_that_of_the_documentation() -> None:
    page = (Path(__file__).parents[4] / "docs" / "hadaptive.md").read_text(encoding="utf-8")
    assert f"{sum(trying(label)[0] for label in GRIDS):,} forms in all" in page
