"""Detections in float64 are those of post-processing, and a point in which rounding decides one is refused."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from impls.detectors.float64_detections import THRESHOLD, expected
from impls.detectors.outputs import PAD, padded
from impls.hadaptive.detection.model.anchors import anchors
from impls.hadaptive.detection.model.coding import encode
from impls.hadaptive.detection.model.postprocess import CANDIDATES, detections
from opbench import Axes, Point
from opbench.errors import UsageError

SIZE = 64
POINT = Point("ssd_hadaptive_s", Axes({"batch": 1, "edge": SIZE}))
CALM = -9.0


def calm(classes: int) -> tuple[Tensor, Tensor]:
    """Of an image with nothing in it."""
    return torch.full((516, classes), CALM), torch.zeros(516, 4)


@pytest.mark.parametrize(("classes", "level"), [(1, -4.0), (3, -6.0), (7, -9.0)])
def test_they_are_what_post_processing_finds(classes: int, level: float) -> None:
    random = torch.Generator().manual_seed(classes)
    logits = level + 2 * torch.randn((516, classes), generator=random)
    offsets = torch.randn((516, 4), generator=random)
    want = expected(logits.double(), offsets.double(), anchors(SIZE).double(), POINT)
    got = padded(detections(logits[None], offsets[None], anchors(SIZE), SIZE, [0]))[0]
    assert got.dtype == torch.float32
    torch.testing.assert_close(got.double(), want, rtol=1e-5, atol=1e-4)
    assert bool((want[:, 5] >= 0).any())


def test_behind_the_last_one_rows_are_padding() -> None:
    logits, offsets = calm(2)
    logits[7, 1] = 1.5
    rows = expected(logits.double(), offsets.double(), anchors(SIZE).double(), POINT)
    assert rows[0, 5] == 1
    assert float(rows[0, 4]) == pytest.approx(1 / (1 + 2.718281828459045**-1.5))
    torch.testing.assert_close(rows[0, :4], anchors(SIZE)[7].double().clamp(0, SIZE))
    assert (rows[1:] == torch.tensor(PAD)).all()


def test_of_scores_that_are_all_1_the_higher_logit_is_better() -> None:
    logits, offsets = calm(2)
    logits[0, 0], logits[300, 0], logits[500, 1] = 30.0, 31.0, 32.0
    want = expected(logits.double(), offsets.double(), anchors(SIZE).double(), POINT)
    got = padded(detections(logits[None], offsets[None], anchors(SIZE), SIZE, [0]))[0]
    assert want[:4, 5].tolist() == [1, 0, 0, -1]
    torch.testing.assert_close(got.double(), want, rtol=1e-5, atol=1e-4)


def _alike(logits: Tensor, offsets: Tensor) -> None:
    logits[0, 0], logits[300, 0] = 1.0, 1.00001


def _at_the_threshold(logits: Tensor, offsets: Tensor) -> None:
    logits[0, 0] = THRESHOLD + 1e-6


def _overlapping_by_half(logits: Tensor, offsets: Tensor) -> None:
    """The same square anchor inside the image, once as it is and once half as wide."""
    logits[36 * 8, 0], logits[36 * 8 + 48, 0] = 2.0, 1.0
    first, second = anchors(SIZE)[36 * 8], anchors(SIZE)[36 * 8 + 48]
    width, height = (second[2:] - second[:2]).tolist()
    middle = (first[:2] + first[2:]) / 2 - (second[:2] + second[2:]) / 2
    offsets[36 * 8 + 48, :2] = 10 * middle / torch.tensor([width, height])
    offsets[36 * 8 + 48, 2] = 5 * torch.tensor(0.5 * float(first[2] - first[0]) / width).log()
    offsets[36 * 8 + 48, 3] = 5 * torch.tensor(float(first[3] - first[1]) / height).log()


def _at_the_border(logits: Tensor, offsets: Tensor) -> None:
    logits[0, 0] = 2.0
    width = float(anchors(SIZE)[0, 2] - anchors(SIZE)[0, 0])
    offsets[0, 0] = -10 * float(anchors(SIZE)[0, 2]) / width


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (_alike, "the scores of detections 1 and the next are alike"),
        (_at_the_threshold, "a score is as good as the threshold's"),
        (_overlapping_by_half, "two boxes of a class overlap as much as they may"),
        (_at_the_border, "pixels of a box are within the image"),
    ],
)
def test_where_rounding_decides_the_point_is_refused(change: object, says: str) -> None:
    logits, offsets = calm(2)
    change(logits, offsets)  # type: ignore[operator]
    with pytest.raises(UsageError, match=says):
        expected(logits.double(), offsets.double(), anchors(SIZE).double(), POINT)


def test_a_thousandth_score_that_is_as_good_as_the_next_is_refused() -> None:
    """1,032 distinct scores of one box in two classes: two survive, and all of the thousand are looked at."""
    box = torch.tensor([[10.0, 20.0, 40.0, 50.0]])
    offsets = encode(box.expand(516, 4), anchors(SIZE)).double()
    flat = 4 - 0.005 * torch.arange(1032, dtype=torch.float64)
    rows = expected(flat.reshape(516, 2), offsets, anchors(SIZE).double(), POINT)
    assert rows[:3, 5].tolist() == [0, 1, -1]
    flat[CANDIDATES] = flat[CANDIDATES - 1] - 1e-7
    with pytest.raises(UsageError, match="the 1000th score is as good as the next"):
        expected(flat.reshape(516, 2), offsets, anchors(SIZE).double(), POINT)
