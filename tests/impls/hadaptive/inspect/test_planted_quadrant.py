"""One quadrant of each image says its class: the maps of a network that learned it have to light up there."""

from __future__ import annotations

from functools import lru_cache
from importlib.util import find_spec

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from impls.hadaptive.config import Convolution, HadaBottleneck, NetworkConfig
from impls.hadaptive.inspect.maps import layer_maps
from impls.hadaptive.network import HadaptiveNet, build
from impls.hadaptive.temperature import adapt_temperatures

pytestmark = pytest.mark.skipif(find_spec("pytorch_grad_cam") is None, reason="grad-cam is not installed")

EDGE = 7
"""Of a quadrant."""
LAYERS = [1, 2]
"""Those with ACH."""


def images(quadrants: Tensor, classes: Tensor, generator: torch.Generator) -> Tensor:
    """(B, 1, 14, 14): in the quadrant rows (class 0) or columns (1), a chessboard everywhere else, and noise."""
    rows = (torch.arange(EDGE) % 2 * 2.0 - 1)[:, None].expand(EDGE, EDGE)
    found = (rows * rows.T).repeat(2, 2).repeat(len(quadrants), 1, 1, 1)
    for image, quadrant, label in zip(found, quadrants.tolist(), classes.tolist(), strict=True):
        top, left = EDGE * (quadrant // 2), EDGE * (quadrant % 2)
        image[0, top : top + EDGE, left : left + EDGE] = rows.T if label else rows
    return found + 0.3 * torch.randn(found.shape, generator=generator)


@lru_cache
def network(steps: int) -> HadaptiveNet:
    torch.manual_seed(0)
    generator = torch.Generator().manual_seed(0)
    layers = (Convolution(8, kernel=3), HadaBottleneck(8, k=3), HadaBottleneck(8, k=3))
    made = build(NetworkConfig(layers, width=16, hidden=16), 2, 1, "torch_eager").train()
    optimizer = torch.optim.AdamW(made.parameters(), 0.01)
    for _ in range(steps):
        quadrants, classes = (torch.randint(count, (32,), generator=generator) for count in (4, 2))
        optimizer.zero_grad()
        loss = cross_entropy(made(images(quadrants, classes, generator)), classes)
        loss.backward()  # type: ignore[no-untyped-call]
        adapt_temperatures(made)
        optimizer.step()
    return made.eval()


def shares(made: HadaptiveNet, quadrant: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """(images, layers): how much of a map's light is in the quadrant; a quarter of it where a map says nothing."""
    generator = torch.Generator().manual_seed(1)
    classes = torch.tensor([0, 1, 0, 1])
    shown = images(torch.full((4,), quadrant), classes, generator)
    lit = []
    for image, label in zip(shown, classes.tolist(), strict=True):
        maps = layer_maps(made, image, label, LAYERS)
        parts = maps.reshape(len(LAYERS), 2, EDGE, 2, EDGE).sum((2, 4)).reshape(len(LAYERS), 4)
        lit.append(parts[:, quadrant] / parts.sum(1))
    return np.array(lit)


@pytest.mark.parametrize("quadrant", range(4))
def test_the_quadrant_that_tells_the_class_is_where_the_light_is(quadrant: int) -> None:
    assert shares(network(60), quadrant).min() > 0.5


def test_a_network_that_has_learned_nothing_shows_no_quadrant() -> None:
    """Or the light came from how the images look, not from what the network made of them."""
    untrained = np.concatenate([shares(network(0), quadrant) for quadrant in range(4)])
    assert np.nanmean(untrained) < 0.4
