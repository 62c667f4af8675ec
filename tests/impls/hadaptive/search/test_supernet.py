"""All networks of a space in one module, and the one that is taken out of it."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest
import torch
from torch import nn

from impls.hadaptive.config import parse
from impls.hadaptive.images.data import DataSet
from impls.hadaptive.network import HadaptiveNet, build
from impls.hadaptive.search.mixed import Mixed, comparing, undecided
from impls.hadaptive.search.result import cost
from impls.hadaptive.search.supernet import SuperNet

from ..scenes import drawn, random
from .toys import SPACE, images, watched


def supernet(*favoured: int) -> SuperNet:
    """Over SPACE, with these candidates of its searched layers the likeliest."""
    found = drawn(SuperNet(SPACE, num_classes=3, in_chans=1, backend="torch_eager"))
    for one in undecided(found):
        one.logits.data.zero_()
    for one, place in zip(undecided(found), favoured, strict=bool(favoured)):
        one.logits.data[place] = 1.0
    return found


def taken_out(model: SuperNet) -> HadaptiveNet:
    """The exported network, read back from JSON, with the candidates' weights put in."""
    config = parse(json.loads(json.dumps(model.chosen.plain())))
    network = build(config, 3, 1, "torch_eager").eval()
    layers = [one.candidates[one.best] if isinstance(one, Mixed) else one for one in model.body]
    kept = [one for one in layers if not isinstance(one, nn.Identity)]
    for one, other in zip(network.body, kept, strict=True):
        one.load_state_dict(other.state_dict())
    network.widen.load_state_dict(model.widen.state_dict())
    network.head.load_state_dict(model.head.state_dict())
    return network


CHOICES = [(0, 0, 0), (1, 1, 1), (2, 0, 2), (2, 1, 0), (0, 1, 2)]


@pytest.mark.parametrize("choice", CHOICES)
def test_the_exported_network_computes_what_the_supernet_does_in_eval(choice: Sequence[int]) -> None:
    model, x = supernet(*choice), random(3, 1, 5, 7)
    assert model.choices == [0, *choice]
    assert len(model.chosen.layers) == 4 - (choice[0] == 2) - (choice[2] == 2)
    with torch.no_grad():
        torch.testing.assert_close(model(x), taken_out(model)(x))


def test_the_exported_network_is_counted_alone() -> None:
    data = DataSet("toy", ("a", "b", "c"), 1, 5, images(4, 1), images(4, 2))
    config = supernet(2, 0, 2).chosen
    # Stem 9*7 + 14. Ghost 7 -> 14, depthwise 2x2, project to 5: 49 + 14, 63 + 14, 56 + 28, 70 + 10.
    # Widen 55 + 22, head 143 + 13, 39 + 3. Maps are 5x5 to the Ghost block's end, then 2x2.
    assert cost(config, data)["parameters"] == 77 + 63 + 77 + 84 + 80 + 77 + 156 + 42
    assert cost(config, data)["macs"] == 25 * (63 + 49 + 63) + 4 * (56 + 70 + 55) + 143 + 39


def test_confidences_are_those_of_the_searched_layers() -> None:
    actual = supernet().confidences
    assert list(map(len, actual)) == [0, 3, 2, 3]
    assert actual[2] == [0.5, 0.5]


def test_every_comparison_runs_all_and_gives_every_logit_a_gradient() -> None:
    model = supernet().eval()
    x, classes = random(6, 1, 5, 5), torch.tensor([0, 1, 2] * 2)
    for _ in range(12):
        model.zero_grad()
        with watched(model) as ran, comparing(model):
            loss = nn.functional.cross_entropy(model(x), classes)
        loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        assert len(ran) == 3 + 2 + 3
        for layer in undecided(model):
            assert layer.logits.grad is not None
            assert (layer.logits.grad.abs() > 1e-8).all()


def test_an_image_smaller_than_the_strides_is_refused_as_by_the_network() -> None:
    with pytest.raises(ValueError, match=r"the image is 1x3.*expected at least 2x2"):
        supernet()(random(2, 1, 1, 3))
