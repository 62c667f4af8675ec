"""Textures: classes differ in the product of one pair of channels, and in nothing that one channel shows."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from benchmarks.texture_search.textures import AGREEMENT, CHANNELS, CLASSES, EDGE, textures

TRAINING = 600


@pytest.fixture(scope="module")
def by_class() -> Tensor:
    """(CLASSES, images, CHANNELS, pixels)."""
    train: Any = textures(TRAINING, 10).train
    assert sorted(set(train.labels)) == list(range(CLASSES))
    images = [train.images[torch.tensor(train.labels) == one] for one in range(CLASSES)]
    return torch.stack(images).flatten(3)


def test_every_class_has_as_many_images_of_the_stated_size(by_class: Tensor) -> None:
    assert tuple(by_class.shape) == (CLASSES, TRAINING // CLASSES, CHANNELS, EDGE * EDGE)


def test_no_mean_and_no_variance_of_a_channel_tells_classes_apart(by_class: Tensor) -> None:
    pixels = by_class.shape[1] * by_class.shape[3]
    variance, mean = torch.var_mean(by_class, dim=(1, 3))
    assert mean.abs().max() < 4.5 / pixels**0.5
    assert (variance - 1).abs().max() < 4.5 * (2 / pixels) ** 0.5


def test_the_channels_of_a_classs_pair_agree_and_no_others(by_class: Tensor) -> None:
    products = torch.einsum("cnip,cnjp->cij", by_class, by_class) / (by_class.shape[1] * by_class.shape[3])
    pairs = [tuple(map(int, name.split("x"))) for name in textures(10, 10).classes]
    assert len(set(pairs)) == CLASSES
    for label, (first, second) in enumerate(pairs):
        expected = torch.eye(CHANNELS)
        expected[first, second] = expected[second, first] = AGREEMENT
        torch.testing.assert_close(products[label], expected, rtol=0, atol=0.12)


def test_a_seed_repeats_and_leaves_the_global_generator_alone() -> None:
    torch.manual_seed(3)
    before = torch.get_rng_state()
    first, second, other = (textures(20, 10, seed) for seed in (1, 1, 2))
    assert torch.equal(before, torch.get_rng_state())
    assert torch.equal(first.train[7][0], second.train[7][0])
    assert not torch.equal(first.train[7][0], other.train[7][0])
