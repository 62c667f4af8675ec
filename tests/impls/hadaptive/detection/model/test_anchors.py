"""The default boxes: how many, where, how large, in which order."""

from __future__ import annotations

import math

import pytest
import torch

from impls.hadaptive.detection.model.anchors import PER_PLACE, SCALES, anchors, map_edges
from opbench.errors import UsageError

MAPS = ((8, 40), (16, 20), (32, 10), (64, 5), (128, 3))
"""Stride and edge of each map of 320 pixels."""


def test_there_are_six_a_place_on_maps_of_40_20_10_5_and_3() -> None:
    assert map_edges(320) == (40, 20, 10, 5, 3)
    assert anchors().shape == (6 * (1600 + 400 + 100 + 25 + 9), 4) == (12_804, 4)
    assert anchors().dtype == torch.float32


def test_a_place_has_a_square_twice_and_four_oblongs_of_the_squares_area() -> None:
    first = anchors()[:PER_PLACE]
    sides = first[:, 2:] - first[:, :2]
    between = math.sqrt(SCALES[0] * SCALES[1])
    torch.testing.assert_close(sides[:2], torch.tensor([[32.0, 32.0], [320 * between, 320 * between]]))
    torch.testing.assert_close(sides[2:, 0] / sides[2:, 1], torch.tensor([2.0, 0.5, 3.0, 1 / 3]))
    torch.testing.assert_close(sides[2:].prod(dim=1), torch.full((4,), 1024.0))


def test_places_go_map_by_map_and_row_by_row_with_centres_spread_evenly() -> None:
    centres = (anchors()[:, :2] + anchors()[:, 2:]) / 2
    at = 0
    for _, edge in MAPS:
        places = centres[at : at + PER_PLACE * edge**2].reshape(edge, edge, PER_PLACE, 2)
        expected = (torch.arange(edge) + 0.5) * 320 / edge
        torch.testing.assert_close(places[..., 0], expected[None, :, None].expand(edge, edge, PER_PLACE))
        torch.testing.assert_close(places[..., 1], expected[:, None, None].expand(edge, edge, PER_PLACE))
        at += PER_PLACE * edge**2
    assert at == len(anchors())


def test_squares_grow_from_map_to_map_and_no_box_is_wider_than_the_image() -> None:
    sides = anchors()[:, 2:] - anchors()[:, :2]
    at, squares = 0, []
    for _, edge in MAPS:
        squares.append(float(sides[at, 0]))
        at += PER_PLACE * edge**2
    assert squares == pytest.approx([32, 96, 160, 224, 288])
    assert float(sides.max()) <= 320 * (1 + 1e-6)


def test_the_least_image_has_maps_of_one_place() -> None:
    assert map_edges(64) == (8, 4, 2, 1, 1)
    assert len(anchors(64)) == 6 * 86


@pytest.mark.parametrize("size", [0, 1, 63, 96, 300, -64])
def test_a_size_that_strides_do_not_divide_is_refused(size: int) -> None:
    with pytest.raises(UsageError, match="expected a multiple of 64"):
        map_edges(size)
