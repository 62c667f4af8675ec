"""Table 2: which bottleneck each row replaces, what the rows cost, and that they can be trained."""

from __future__ import annotations

import warnings
from importlib.util import find_spec
from typing import Any

import pytest
import torch
from torch import nn

from impls.hadaptive import ablate
from impls.hadaptive.ablation import comparison
from impls.hadaptive.ablation.comparison import Trained
from impls.hadaptive.ablation.placement import PLACEMENT, PLACES, inverted_bottlenecks, placed, placement_costs
from impls.hadaptive.ablation.study import reported
from impls.hadaptive.ablation.table import markdown
from impls.hadaptive.ach import ACH
from impls.hadaptive.replacing.cost import cost
from impls.hadaptive.replacing.subjects import network
from impls.hadaptive.replacing.twice_thop import twice_thop
from impls.hadaptive.training import command
from impls.hadaptive.training.loop import ModuleTraining
from impls.hadaptive.training.progress import Silent
from impls.hadaptive.training.settings import Settings

from .scenes import random
from .training_scenes import bars

if find_spec("timm") is None:
    pytest.skip("timm is not installed, and has the network", allow_module_level=True)

TABLE_2 = {
    "mobilenet_v3_s": 70.01,
    "ib0": 69.74,
    "ib1": 69.74,
    "ib9": 69.89,
    "ib8": 70.38,
    "ib10": 71.03,
    "ib9_10": 71.58,
}


def made(name: str, classes: int = 100, channels: int = 3) -> nn.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what timm deprecates in other libraries
        return placed(name, classes, channels, "torch_eager")


def test_the_rows_are_those_of_table_2() -> None:
    assert set(PLACES) == set(PLACEMENT.variants) == set(TABLE_2)
    assert {name: reported()[name].top1_percent for name in PLACES} == TABLE_2
    assert all(
        "table" in reported()[name].source and "reported by the paper" in reported()[name].source for name in PLACES
    )


def test_there_are_eleven_bottlenecks_and_a_row_has_ach_in_those_it_names() -> None:
    names = inverted_bottlenecks(made("mobilenet_v3_s"))
    assert len(names) == 11
    for row, places in PLACES.items():
        model = made(row)
        for place, name in enumerate(names):
            held = [one for one in model.get_submodule(name).modules() if isinstance(one, ACH)]
            assert len(held) == (place in places), (row, place)


def test_costs_are_the_papers_where_it_gives_them() -> None:
    """Of the unchanged network within the rounding of table 5; of the last row its change, as timm's has 0.005 M more.

    FLOPs are what separates bottlenecks: the weights that ACH saves are few where channels are.
    """
    costs = placement_costs(("mobilenet_v3_s", "ib0", "ib9", "ib10", "ib9_10"))
    unchanged, last = costs["mobilenet_v3_s"], costs["ib9_10"]
    for name in ("mobilenet_v3_s", "ib9_10"):
        assert round(costs[name].twice_thop / 1e6) == reported()[name].flops_m
    assert round((last.parameters - unchanged.parameters) / 1e6, 2) == -0.06 == pytest.approx(1.55 - 1.61)
    assert costs["ib9"] == costs["ib10"]
    assert last.parameters - unchanged.parameters == 2 * (costs["ib9"].parameters - unchanged.parameters)
    assert costs["ib0"].twice_thop > unchanged.twice_thop  # it widens nothing, and its maps are the largest


@pytest.mark.parametrize(("label", "flops_m"), [("MobileNetV4-S", 385), ("StarNet-S1", 854)])
def test_flops_are_counted_as_the_papers_other_unchanged_models_were(label: str, flops_m: int) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert int(twice_thop(network(label), (1, 3, 224, 224)) / 1e6) == flops_m


def test_a_small_models_operations_are_those_counted_by_hand() -> None:
    model = nn.Sequential(nn.Conv2d(3, 5, 3, padding=1, bias=False), nn.BatchNorm2d(5), ACH(5, 3), nn.Flatten())
    counted = cost(nn.Sequential(model, nn.Linear(8 * 49, 2)), (1, 3, 7, 7))
    pixels = 7 * 7
    macs = 5 * 3 * 9 * pixels + 5 * 5 * pixels + 5 * 5 + 8 * pixels * 2  # two convolutions, ECA, the linear layer
    assert counted.macs == macs
    assert counted.twice_thop == 2 * (macs + 4 * 2 * 5 * pixels + 5 * pixels + 5)  # two BatchNorms, one mean over space


@pytest.mark.parametrize("name", ["ib0", "ib9_10"])
def test_a_row_trains_on_images_of_one_channel(name: str) -> None:
    data = bars(edge=32)
    training = ModuleTraining(lambda: made(name, 3, 1), data, Settings(epochs=1, batch=8))
    (epoch,) = training.run(Silent())
    assert 0 <= epoch.accuracy <= 1
    gates = [one for one in training.network.modules() if isinstance(one, ACH)]
    assert len(epoch.temperatures) == len(gates) == len(PLACES[name])
    assert training.network.eval()(random(2, 1, 32, 32)).shape == (2, 3)


def test_the_table_has_costs_beside_the_papers() -> None:
    names = ("mobilenet_v3_s", "ib10")
    rows = comparison.rows([Trained("mobilenet_v3_s", 0, 0.9), Trained("ib10", 0, 0.95)], names, PLACEMENT)
    text = markdown(rows, PLACEMENT, "tiny on bars", placement_costs(names))
    _, _, plain, replaced = [
        [cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines() if line.startswith("|")
    ]
    assert plain == [
        "mobilenet_v3_s",
        "1.620",
        "1.61",
        "123.1",
        "123",
        "55.6",
        "90.00 (one seed)",
        "1",
        "",
        "70.01",
        "",
        "",
    ]
    assert replaced[:6] == ["ib10", "1.590", "", "118.6", "", "53.4"]
    assert replaced[8:] == ["+5.00 (one seed)", "71.03", "+1.02", "undecided: one seed"]
    assert "interval" not in text


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--study", "placements"], "no study 'placements' of the ablations"),
        (["--study", "placement", "--network", "hadaptive_net_m"], "has a network of its own; leave it out"),
        (["--study", "placement", "--variants", "ib7"], "no variant 'ib7' of the ablation"),
        (["--count"], "--count is of the study placement, whose costs the paper reports; this is components"),
    ],
)
def test_what_does_not_fit_the_study_is_refused_in_one_line(
    words: list[str], says: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["ablate", *words])
    with pytest.raises(SystemExit) as ended:
        command.run(ablate.app, "ablate")
    assert ended.value.code == 2
    shown: Any = capsys.readouterr()
    assert says in shown.err
    assert shown.err.count("\n") == 1


def test_counting_trains_nothing(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(ModuleTraining, "__init__", lambda *_, **__: pytest.fail("it trains"))
    ablate.app(["--study", "placement", "--count", "--variants", "ib10"], standalone_mode=False)
    assert "| ib10" in capsys.readouterr().out


def test_weights_are_drawn_from_the_global_generator() -> None:
    torch.manual_seed(3)
    first = made("ib10").state_dict()
    torch.manual_seed(3)
    second = made("ib10").state_dict()
    assert all(torch.equal(first[name], second[name]) for name in first)
