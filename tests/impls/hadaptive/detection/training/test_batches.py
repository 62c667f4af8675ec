"""Which images make a batch, and that nothing but seed and epoch decides it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pytest
import torch
from torch import Tensor

from impls.hadaptive.detection.data.target import Target
from impls.hadaptive.detection.training.batches import in_order, shuffled, steps_in
from opbench.errors import UsageError

from .squares import EDGE, Squares


@dataclass
class Listed:
    """Those images of another set."""

    pairs: Sequence[tuple[Tensor, Target]]
    classes: tuple[str, ...] = ("red", "green")
    digest: str = "of no checkpoint"

    def __len__(self) -> int:
        return len(self.pairs)

    def __getitem__(self, at: int) -> tuple[Tensor, Target]:
        return self.pairs[at]


def ids(count: int, batch: int, seed: tuple[int, int]) -> list[list[int]]:
    return [[one.image_id for one in targets] for _, targets in shuffled(Squares(count, 1), EDGE, batch, seed)]


def test_every_image_comes_once_but_those_left_over() -> None:
    batches = ids(7, 3, (0, 0))
    assert [len(one) for one in batches] == [3, 3]
    assert len({image for one in batches for image in one}) == 6
    assert steps_in(Squares(7, 1), 3) == 2


def test_fewer_images_than_a_batch_are_one() -> None:
    assert [sorted(one) for one in ids(3, 64, (0, 0))] == [[0, 1, 2]]
    assert steps_in(Squares(3, 1), 64) == 1


def test_seed_and_epoch_decide_order_and_changes() -> None:
    def pixels(seed: tuple[int, int]) -> Tensor:
        return torch.cat([images for images, _ in shuffled(Squares(5, 1), EDGE, 2, seed)])

    assert torch.equal(pixels((3, 1)), pixels((3, 1)))
    assert not torch.equal(pixels((3, 1)), pixels((3, 2)))
    assert not torch.equal(pixels((3, 1)), pixels((4, 1)))
    torch.manual_seed(5)
    drawn = torch.rand(3)
    torch.manual_seed(5)
    pixels((3, 1))
    assert torch.equal(torch.rand(3), drawn), "it draws from nobody else's stream"


def test_images_are_floats_from_0_to_1() -> None:
    ((images, targets),) = shuffled(Squares(2, 1), EDGE, 2, (0, 0))
    assert images.shape == (2, 3, EDGE, EDGE)
    assert images.dtype == torch.float32
    assert 0 <= float(images.min()) <= float(images.max()) <= 1
    assert len(targets) == 2


def test_tested_images_come_as_they_are_in_their_order_the_last_batch_included() -> None:
    examples = Squares(5, 1)
    batches = list(in_order(examples, EDGE, 2))
    assert [[one.image_id for one in targets] for _, targets in batches] == [[0, 1], [2, 3], [4]]
    torch.testing.assert_close(batches[0][0][1], examples[1][0] / 255)
    torch.testing.assert_close(batches[0][1][1].boxes, examples[1][1].boxes)


def test_too_few_images_are_refused() -> None:
    with pytest.raises(UsageError, match="1 training images; expected at least 2"):
        list(shuffled(Squares(1, 1), EDGE, 2, (0, 0)))
    with pytest.raises(UsageError, match="no test images"):
        list(in_order(Listed([]), EDGE, 2))
