"""Weights follow from the name, keep activations of one size, and let logits tell images apart."""

from __future__ import annotations

import copy
import json
from functools import lru_cache

import pytest
import torch
from torch import Tensor, nn

from impls.zoo import building, definition
from impls.zoo.building import SEED, build, skeleton
from impls.zoo.drawing import images, settle
from opbench import Point, catalog
from opbench.commands import count as command
from opbench.errors import MachineError

from .points import FAMILIES, at

built = lru_cache(maxsize=None)(build.__wrapped__)
"""`build` keeps two models, and a build sends eight images of 224x224 through one: here each is built once."""


def x_of(point: Point) -> Tensor:
    return catalog.operator(point.operator).inputs(point)["x"]


@torch.no_grad()
def outputs(model: nn.Module, x: Tensor) -> list[Tensor]:
    """Of every convolution and normalisation, in the order they are called."""
    found: list[Tensor] = []
    for one in model.modules():
        if isinstance(one, nn.Conv2d | nn.BatchNorm2d | nn.LayerNorm):
            one.register_forward_hook(lambda _, __, y: found.append(y))
    model(x)
    return found


@pytest.fixture(scope="module", params=FAMILIES)
def name(request: pytest.FixtureRequest) -> str:
    """Of the module's scope, so that the tests of one model follow each other and it is built once for them."""
    return str(request.param)


def test_a_model_is_in_eval_and_its_activations_are_of_one_size(name: str) -> None:
    model = built(name)
    assert not any(one.training for one in model.modules())
    assert not any(one.requires_grad for one in model.parameters())
    sizes = [float(one.square().mean().sqrt()) for one in outputs(copy.deepcopy(model), x_of(at(name, edge=101)))]
    assert min(sizes) > 1e-3
    assert max(sizes) < 30


@torch.no_grad()
def test_logits_differ_between_images_and_classes(name: str) -> None:
    logits = built(name)(x_of(at(name, batch=5, edge=67)))
    assert logits.shape == (5, 100)
    assert torch.isfinite(logits).all()
    size = float(logits.square().mean().sqrt())
    assert float(logits.std(dim=0).mean()) > 0.01 * size
    assert float(logits.std(dim=1).mean()) > 0.3 * size
    assert len({tuple(row.tolist()) for row in logits}) == 5


@torch.no_grad()
def test_weights_follow_from_the_name_and_nobody_elses_random_numbers_move() -> None:
    name = "ghostnet_100"
    before = {key: one.clone() for key, one in built(name).state_dict().items()}
    build.cache_clear()
    torch.manual_seed(11)
    state = torch.get_rng_state()
    again = build(name).state_dict()
    assert torch.equal(torch.get_rng_state(), state)
    assert before.keys() == again.keys()
    assert all(torch.equal(before[key], one) for key, one in again.items())


@torch.no_grad()
def test_merged_branches_have_the_statistics_in_their_weights() -> None:
    name = "mobileone_s0"
    branched = building._made(name)
    settle(branched, torch.Generator().manual_seed(SEED))
    branched.eval()
    merged = built(name)
    assert any(isinstance(one, nn.BatchNorm2d) for one in branched.modules())
    assert not any(isinstance(one, nn.BatchNorm2d) for one in merged.modules())
    x = x_of(at(name, batch=2)).double()
    torch.testing.assert_close(copy.deepcopy(merged).double()(x), branched.double()(x), rtol=1e-3, atol=1e-3)


def test_ghostnet_v3_keeps_its_branches() -> None:
    assert any(isinstance(one, nn.ModuleList) and len(one) > 1 for one in built("ghostnetv3_100").modules())


@pytest.mark.parametrize("edge", [1, 2, 31, 64])
def test_images_are_of_one_size_and_all_different(edge: int) -> None:
    actual = images((3, 3, edge, edge), torch.Generator().manual_seed(1))
    assert actual.shape == (3, 3, edge, edge)
    torch.testing.assert_close(actual.square().mean(dim=(1, 2, 3)), torch.ones(3))
    assert not torch.equal(actual[0], actual[1])


@pytest.fixture
def absent(monkeypatch: pytest.MonkeyPatch) -> None:
    """No library of models is installed, and nothing was built while it was."""

    def fails(module: str) -> None:
        raise ModuleNotFoundError(f"No module named {module!r}", name=module.partition(".")[0])

    monkeypatch.setattr("impls.libraries.import_module", fails)
    for cached in (build, skeleton, definition._counts, definition._state_elements):
        cached.cache_clear()


@pytest.mark.usefixtures("absent")
@pytest.mark.parametrize(("name", "package"), [("starnet_s1", "timm"), ("shufflenet_v2_x1_0", "torchvision")])
def test_an_absent_library_is_named_with_what_to_do(name: str, package: str) -> None:
    says = f"{package} is not installed; `python -m pip install {package}`"
    with pytest.raises(MachineError, match=says):
        build(name)
    with pytest.raises(MachineError, match=says):
        catalog.operator(name).work(at(name))


@pytest.mark.usefixtures("absent")
def test_counting_everything_leaves_out_what_needs_an_absent_library(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(catalog, "operators", lambda: {"fill": "impls.fill", "starnet_s1": "impls.zoo"})
    assert command.run(None, {}, "float32", as_json=True) == 0
    shown = capsys.readouterr()
    assert {json.loads(line)["case"].partition("/")[0] for line in shown.out.splitlines()} == {"fill"}
    assert shown.err == "starnet_s1 left out: timm is not installed; `python -m pip install timm`\n"
    with pytest.raises(MachineError):
        command.run("starnet_s1", {}, "float32", as_json=True)
