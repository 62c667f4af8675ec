"""Boxes as a detector gives them before suppression: several around each object, moved and scaled a little, by seed."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from torch import Generator, Tensor

CELL = 160.0
"""Pixels. Objects lie in cells of a square grid and no box leaves its object's cell, so that boxes of two objects never
overlap, whatever is drawn: `objects` is then a lower bound of how many boxes survive.
"""

SMALLEST, LARGEST, SHIFT, GROWTH, OFF_CENTRE = 24.0, 80.0, 0.2, 0.25, 5.0
"""An object's sides in pixels; a box's centre moves by up to SHIFT of a side, its sides by up to e^GROWTH, and an
object lies up to OFF_CENTRE pixels off its cell's middle: 0.2 * 80 + 0.5 * 80 * e^0.25 + 5 = 72.4 < 80. At a
threshold of 0.5 suppression leaves 16 % of 10,000 boxes at 16 an object, 43 % at 4, and 26 % in 80 classes.
"""

ODD_ONES = 4
"""Every fourth box of an object has the next class: where classes are ignored, one suppresses the other."""


def objects(boxes: int, per_object: int) -> int:
    """How many objects so many boxes lie around."""
    return -(-boxes // per_object)


def around_objects(boxes: int, per_object: int, classes: int, random: Generator) -> tuple[Tensor, Tensor]:
    """corners (boxes, 4) as x1 y1 x2 y2 in pixels, float64, and classes (boxes,), int64, below `classes`.

    Box p of a random order lies around object p % objects, so that every object has its share; object o has class
    o % classes.
    """
    count = objects(boxes, per_object)
    place = torch.randperm(boxes, generator=random)
    around, number = place % max(1, count), place // max(1, count)
    across = max(1, math.isqrt(max(0, count - 1)) + 1)

    def drawn(*shape: int) -> Tensor:
        return torch.rand(*shape, 2, generator=random, dtype=torch.float64) * 2 - 1

    every = torch.arange(count)
    cells = torch.stack((every % across, every // across), 1)
    centres = (cells + 0.5) * CELL + OFF_CENTRE * drawn(count)
    sides = SMALLEST + (LARGEST - SMALLEST) * (drawn(count) + 1) / 2
    centre = centres[around] + SHIFT * sides[around] * drawn(boxes)
    half = 0.5 * sides[around] * torch.exp(GROWTH * drawn(boxes))
    odd = (number % ODD_ONES == ODD_ONES - 1).long()
    return torch.cat((centre - half, centre + half), 1), (around + odd) % classes
