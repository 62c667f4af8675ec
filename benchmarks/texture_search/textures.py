"""Textures that only products of two channels tell apart: no mean and no variance of a channel differs between classes.

Every channel is white noise of mean 0 and deviation 1. In an image of class c the two channels of pair c agree, with
correlation AGREEMENT, pixel by pixel; the pairs are fixed, drawn from the seed. Noise is all that a look at one channel
sees; of 64 products of a pair the mean differs from 0 by five of its standard errors.
"""

from __future__ import annotations

import torch
from torch import Tensor

from impls.hadaptive.images.data import DataSet
from impls.hadaptive.images.digits import Labelled

CHANNELS, EDGE, CLASSES = 8, 8, 10
AGREEMENT = 0.6


def textures(training: int, testing: int, seed: int = 0) -> DataSet:
    """So many images for training and for testing, (CHANNELS, EDGE, EDGE) float32, with as many of every class."""
    generator = torch.Generator().manual_seed(seed)
    pairs = torch.combinations(torch.arange(CHANNELS))
    pairs = pairs[torch.randperm(len(pairs), generator=generator)[:CLASSES]]
    train, test = (_drawn(count, pairs, generator) for count in (training, testing))
    names = tuple(f"{first}x{second}" for first, second in pairs.tolist())
    return DataSet("textures", names, CHANNELS, EDGE, train, test)


def _drawn(count: int, pairs: Tensor, generator: torch.Generator) -> Labelled:
    labels, every = torch.arange(count) % CLASSES, torch.arange(count)
    images = torch.randn(count, CHANNELS, EDGE, EDGE, generator=generator)
    first, second = pairs[labels].unbind(1)
    alone = (1 - AGREEMENT**2) ** 0.5
    images[every, second] = AGREEMENT * images[every, first] + alone * images[every, second]
    return Labelled(images, labels)
