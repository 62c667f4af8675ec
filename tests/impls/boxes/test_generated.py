"""Boxes around objects: as many as asked, of all classes, and none that overlaps one of another object."""

from __future__ import annotations

import pytest
import torch

from impls.boxes.box_iou.operator import overlaps
from impls.boxes.generated import CELL, around_objects, objects


@pytest.mark.parametrize(("boxes", "per_object", "classes"), [(0, 3, 1), (1, 16, 80), (67, 5, 3), (521, 16, 7)])
def test_every_object_has_its_share_and_no_box_leaves_its_cell(boxes: int, per_object: int, classes: int) -> None:
    corners, of_class = around_objects(boxes, per_object, classes, torch.Generator().manual_seed(3))
    assert corners.shape == (boxes, 4)
    assert of_class.shape == (boxes,)
    cells = (corners / CELL).floor()
    assert torch.equal(cells[:, :2], cells[:, 2:])
    _, shares = torch.unique(cells[:, :2], dim=0, return_counts=True)
    assert len(shares) == objects(boxes, per_object)
    assert boxes == 0 or int(shares.max() - shares.min()) <= 1
    assert ((of_class >= 0) & (of_class < classes)).all()


def test_boxes_of_an_object_overlap_much_and_little_and_some_have_another_class() -> None:
    corners, of_class = around_objects(521, 16, 5, torch.Generator().manual_seed(0))
    shared = overlaps(corners, corners)
    assert (shared[~torch.eye(521, dtype=torch.bool)] > 0.8).any()
    assert ((shared > 0) & (shared < 0.3)).any()
    assert ((shared > 0.5) & (of_class[:, None] != of_class)).any()


def test_the_same_seed_draws_the_same() -> None:
    first, second = (around_objects(67, 5, 3, torch.Generator().manual_seed(11)) for _ in range(2))
    assert torch.equal(first[0], second[0])
    assert torch.equal(first[1], second[1])
