"""Sets of detections are compared without their order, and no row stands for two."""

from __future__ import annotations

import torch

from impls.detectors.same_detections import same

ROWS = torch.tensor([[0.0, 0, 5, 5, 0.5, 1], [0, 0, 5, 5, 0.5, 2], [2, 2, 9, 9, 0.25, 1], [0, 0, 0, 0, 0, -1]])


def test_order_does_not_matter_and_neither_does_rounding() -> None:
    assert same(ROWS, ROWS.flip(0))
    assert same(ROWS, ROWS + torch.tensor([1e-3, 0, 0, -1e-3, 1e-6, 0]))


def test_a_class_a_score_and_a_box_do() -> None:
    for column, change in ((5, 1.0), (4, 1e-3), (0, 0.1)):
        other = ROWS.clone()
        other[2, column] += change
        assert not same(ROWS, other)


def test_a_row_twice_is_no_row_for_two() -> None:
    twice = ROWS[[0, 0, 2, 3]]
    assert not same(ROWS, twice)
    assert not same(twice, ROWS)


def test_rows_that_are_near_several_are_matched_one_to_one() -> None:
    near = torch.tensor([[0.0, 0, 5, 5, 0.5, 1], [0.008, 0, 5, 5, 0.5, 1], [0.016, 0, 5, 5, 0.5, 1]])
    assert same(near, near[[1, 2, 0]] + torch.tensor([0.004, 0, 0, 0, 0, 0]))
    assert not same(near, near[[0, 1, 1]] - torch.tensor([0.012, 0, 0, 0, 0, 0]))
