"""Which anchor learns which box, on anchors few enough to see."""

from __future__ import annotations

import torch

from impls.hadaptive.detection.model.anchors import anchors
from impls.hadaptive.detection.model.matching import BACKGROUND, IGNORED, match_anchors

from ..boxes import target

ROW = torch.tensor([[0.0, 0, 10, 10], [10, 0, 20, 10], [20, 0, 30, 10], [0, 0, 20, 10]])
"""Three squares side by side, and one oblong over the first two."""


def test_without_boxes_all_is_background() -> None:
    assert match_anchors(ROW, target(7)).tolist() == [BACKGROUND] * 4


def test_an_anchor_takes_the_box_that_it_overlaps_best_from_one_half_on() -> None:
    found = match_anchors(ROW, target(7, [0, 0, 10, 10], [11, 0, 20, 10]))
    assert found.tolist() == [0, 1, BACKGROUND, 0]  # the oblong overlaps the first by 0.5, the second by 0.45


def test_a_box_that_no_anchor_overlaps_by_half_has_its_best_one() -> None:
    assert match_anchors(ROW, target(7, [22, 2, 25, 5])).tolist() == [BACKGROUND, BACKGROUND, 0, BACKGROUND]


def test_the_best_anchor_of_a_box_is_not_taken_by_another_that_overlaps_it_more() -> None:
    both = [[20.0, 0, 30, 10], [24.0, 0, 28, 4]]
    assert match_anchors(ROW, target(7, *both)).tolist()[2] == 1  # the later box; it would have no other


def test_a_box_that_overlaps_no_anchor_is_learnt_by_none() -> None:
    assert match_anchors(ROW, target(7, [50, 50, 60, 60], [20, 0, 30, 10])).tolist() == [-1, -1, 1, -1]
    assert match_anchors(ROW, target(7, [50, 50, 60, 60])).tolist() == [BACKGROUND] * 4


def test_a_box_without_an_area_is_learnt_by_none() -> None:
    assert match_anchors(ROW, target(7, [5, 5, 5, 5])).tolist() == [BACKGROUND] * 4


def test_anchors_half_inside_a_crowd_are_left_out_unless_they_have_a_box() -> None:
    crowded = target(7, [0, 0, 15, 10], [0, 0, 10, 10], crowd=[True, False])
    assert match_anchors(ROW, crowded).tolist() == [1, IGNORED, BACKGROUND, 1]
    assert match_anchors(ROW, target(7, [0, 0, 14, 10], crowd=[True])).tolist() == [
        IGNORED,
        BACKGROUND,
        BACKGROUND,
        IGNORED,
    ]


def test_a_crowd_is_never_learnt() -> None:
    found = match_anchors(ROW, target(7, [0, 0, 10, 10], crowd=[True]))
    assert (found < 0).all()


def test_every_object_of_23_pixels_and_more_has_an_anchor_that_overlaps_it_by_half() -> None:
    """Squares around the centres of the finest map: what the scales were chosen for."""
    for edge in (23, 24, 31, 41, 53, 70, 96, 131, 199):
        x = 164.0  # a centre of the finest map
        box = [[x - edge / 2, x - edge / 2, x + edge / 2, x + edge / 2]]
        assert (match_anchors(anchors(), target(7, *box)) == 0).any()
        corners = torch.tensor(box)
        sides = torch.minimum(anchors()[:, 2:], corners[:, 2:]) - torch.maximum(anchors()[:, :2], corners[:, :2])
        shared = sides.clamp(min=0).prod(dim=1)
        union = (anchors()[:, 2:] - anchors()[:, :2]).prod(dim=1) + edge**2 - shared
        assert float((shared / union).max()) >= 0.5, edge
