"""Focal loss and smooth L1 against their definitions, and what has no boxes."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from impls.hadaptive.detection.data.target import Target
from impls.hadaptive.detection.model.coding import decode, encode
from impls.hadaptive.detection.model.loss import losses

from .scenes import target

ANCHORS = torch.tensor([[0.0, 0, 10, 10], [10, 0, 20, 10], [20, 0, 30, 10]])
NONE = target([])


def focal(logit: float, positive: bool) -> float:
    p = 1 / (1 + math.exp(-logit))
    right, weight = (p, 0.25) if positive else (1 - p, 0.75)
    return -weight * (1 - right) ** 2 * math.log(right)


def test_both_losses_by_definition() -> None:
    logits = torch.tensor([[[0.3, -1.0], [2.0, 0.5], [-0.7, 1.1]], [[0.1, 0.2], [-0.4, -2.0], [0.0, 3.0]]])
    offsets = torch.linspace(-2, 2, 24).reshape(2, 3, 4)
    first, second = target([[10, 0, 20, 10], [21, 1, 31, 12]], [1, 0]), target([[0, 0, 10, 10]], [1])
    matched = {(0, 1): 1, (0, 2): 0, (1, 0): 1}
    found = losses(logits, offsets, ANCHORS, [first, second])
    expected = sum(
        focal(float(logits[b, a, c]), matched.get((b, a)) == c) for b in range(2) for a in range(3) for c in range(2)
    )
    assert float(found.classes) == pytest.approx(expected / 3, rel=1e-5)
    wanted: dict[tuple[int, int], list[float]] = {
        (0, 1): [0, 0, 0, 0],
        (0, 2): [10 * 0.1, 10 * 0.15, 0, 5 * math.log(1.1)],  # centre at 26, 6.5, size 10 x 11
        (1, 0): [0, 0, 0, 0],
    }
    differences = [
        abs(float(offsets[b, a, at]) - value) for (b, a), values in wanted.items() for at, value in enumerate(values)
    ]
    smooth = sum(0.5 * one**2 if one < 1 else one - 0.5 for one in differences)
    assert float(found.boxes) == pytest.approx(smooth / 3, rel=1e-5)
    assert float(found.total) == pytest.approx((expected + smooth) / 3, rel=1e-5)


def test_a_batch_without_boxes_learns_the_background_and_no_offsets() -> None:
    logits = torch.zeros(2, 3, 5, requires_grad=True)
    offsets = torch.ones(2, 3, 4, requires_grad=True)
    found = losses(logits, offsets, ANCHORS, [NONE, NONE])
    assert float(found.classes.detach()) == pytest.approx(30 * focal(0.0, positive=False), rel=1e-5)
    assert float(found.boxes.detach()) == 0
    found.total.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
    assert logits.grad is not None
    assert (logits.grad > 0).all()
    assert offsets.grad is None or not offsets.grad.any()


def gradient(one: Target) -> Tensor:
    logits = torch.zeros(1, 3, 2, requires_grad=True)
    losses(logits, torch.zeros(1, 3, 4), ANCHORS, [one]).classes.backward()  # type: ignore[no-untyped-call]
    assert logits.grad is not None
    return logits.grad[0]


def test_what_lies_in_a_crowd_is_not_learnt_as_background() -> None:
    found = gradient(target([[0, 0, 10, 10], [20, 0, 30, 10]], [0, 1], [True, False]))
    assert not found[0].any()
    assert (found[1] > 0).all()
    assert found[2, 0] > 0 > found[2, 1]


def test_a_logit_that_is_not_finite_in_a_crowd_does_no_harm() -> None:
    logits = torch.zeros(1, 3, 1)
    logits[0, 0] = math.inf
    found = losses(logits, torch.zeros(1, 3, 4), ANCHORS, [target([[0, 0, 10, 10]], [0], [True])])
    assert math.isfinite(float(found.total))


def test_offsets_decode_to_the_boxes_they_were_made_of() -> None:
    generator = torch.Generator().manual_seed(3)
    corners = torch.rand(17, 2, generator=generator) * 200
    boxes = torch.cat([corners, corners + 1 + 99 * torch.rand(17, 2, generator=generator)], dim=1)
    anchors = ANCHORS[torch.arange(17) % 3]
    torch.testing.assert_close(decode(encode(boxes, anchors), anchors), boxes, rtol=1e-4, atol=1e-3)


def test_no_offset_overflows() -> None:
    boxes = decode(torch.tensor([[0.0, 0, 1e9, 1e9]]), ANCHORS[:1])
    torch.testing.assert_close(boxes[:, 2:] - boxes[:, :2], torch.full((1, 2), 10 * 1000 / 16))
