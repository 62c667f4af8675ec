"""Boxes follow their pixels through every change, and what is drawn is the generator's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from importlib.util import find_spec
from typing import Any

import pytest
import torch
from torch import Tensor

from impls.hadaptive.detection.data import augmentation
from impls.hadaptive.detection.data.augmentation import evaluation_transform, training_transform
from impls.hadaptive.detection.data.target import Target
from opbench.errors import UsageError
from tests.impls.hadaptive.detection.boxes import boxes, target

pytestmark = pytest.mark.skipif(find_spec("torchvision") is None, reason="torchvision is not installed")

BOX = (31, 17, 89, 71)
REDDER = 60
"""Red less blue: 20 in the canvas, 127 or more in what was painted red, whatever its colours were changed to."""


def painted(box: tuple[int, int, int, int] = BOX, height: int = 113, width: int = 97) -> Tensor:
    """A blue image with a red rectangle, (3, height, width) uint8."""
    image = torch.zeros(3, height, width, dtype=torch.uint8)
    image[2] = 255
    image[:, box[1] : box[3], box[0] : box[2]] = torch.tensor([255, 0, 0], dtype=torch.uint8)[:, None, None]
    return image


def red(image: Tensor) -> tuple[float, float, float, float]:
    """The box of what is redder than the rest, which no change of colours here makes blue."""
    seen = image[0].float() - image[2].float() > REDDER
    rows, columns = seen.any(dim=1).nonzero().flatten().tolist(), seen.any(dim=0).nonzero().flatten().tolist()
    return columns[0], rows[0], columns[-1] + 1, rows[-1] + 1


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def largest_gap(image: Tensor, found: Target) -> float:
    """In pixels, between the box and what is red."""
    assert len(found.boxes) == 1
    return float((found.boxes - boxes(red(image))).abs().max())


def test_the_box_is_around_the_same_pixels_after_all_changes() -> None:
    true = target(3, BOX, labels=[4])
    for seed in range(11):
        image, found = training_transform(113, seeded(seed))(painted(), replace(true, areas=torch.ones(1)))
        assert (image.dtype, tuple(image.shape)) == (torch.uint8, (3, 113, 113))
        assert (type(image), type(found.boxes)) == (Tensor, Tensor)
        assert largest_gap(image, found) <= 2  # a pixel is up to 3.3 wide after a crop, and half red at its edge
        assert (found.image_id, found.labels.tolist(), found.areas) == (3, [4], None)


def canvas() -> Any:
    return augmentation._steps(320)[1]


def crop() -> Any:
    return augmentation._steps(320)[2]


@pytest.mark.parametrize("step", [canvas, crop])
def test_a_canvas_and_a_crop_move_boxes_by_whole_pixels(step: Callable[[], Any]) -> None:
    shapes = set()
    for seed in range(17):
        torch.manual_seed(seed)
        image, found = augmentation._put_through((step(),), painted(), target(3, BOX))
        shapes.add(tuple(image.shape))
        assert largest_gap(image, found) == 0
    assert len(shapes) > 5


def test_a_canvas_is_at_most_twice_as_large_each_way() -> None:
    torch.manual_seed(0)
    factors = [augmentation._put_through((canvas(),), painted(), target(3, BOX))[0].shape[1] / 113 for _ in range(99)]
    assert min(factors) == 1
    assert 1.9 < max(factors) <= 2


def test_colours_turn_by_18_degrees_and_boxes_stay() -> None:
    import colorsys

    torch.manual_seed(0)
    jitter = augmentation._steps(320)[0]
    image = torch.tensor([200, 60, 60], dtype=torch.uint8)[:, None, None].repeat(1, 7, 5)
    seen = []
    for _ in range(99):
        changed, found = augmentation._put_through((jitter,), image, target(3, (1, 2, 4, 6)))
        assert found.boxes.tolist() == [[1, 2, 4, 6]]
        seen.append(colorsys.rgb_to_hsv(*(changed[:, 0, 0] / 255).tolist()))
    hues = [360 * (hue if hue < 0.5 else hue - 1) for hue, _, _ in seen]
    assert -19 <= min(hues) < -16
    assert 16 < max(hues) <= 19
    saturations = [saturation for _, saturation, _ in seen]  # 0.7 before
    assert min(saturations) < 0.5
    assert max(saturations) > 0.8


def test_a_crop_shows_the_centre_of_each_box_that_stays() -> None:
    """Four corners: some are dropped, with all that belongs to them; those that stay were in the middle of no edge."""
    corners = [(2, 2, 12, 12), (80, 2, 90, 12), (2, 80, 12, 90), (60, 60, 95, 95)]
    counts = set()
    for seed in range(17):
        _, found = training_transform(97, seeded(seed))(painted(height=97), target(1, *corners, labels=[0, 1, 2, 3]))
        counts.add(len(found.boxes))
        assert len(found.labels) == len(found.crowd) == len(found.boxes) >= 1
        assert (found.boxes[:, 2:] - found.boxes[:, :2]).min() >= 1
        assert found.boxes.min() >= 0
        assert found.boxes.max() <= 97
    assert len(counts) >= 3


def test_an_object_that_no_crop_can_overlap_with_ends() -> None:
    """14 pixels of 320: a crop has at least 0.3 of the edges, which is an overlap of 0.02."""
    for seed in range(5):
        _, found = training_transform(320, seeded(seed))(painted(height=320, width=320), target(1, (9, 9, 23, 23)))
        assert len(found.boxes) == 1


def test_an_image_without_boxes_goes_through() -> None:
    for transform in (training_transform(37, seeded(0)), evaluation_transform(37)):
        image, found = transform(painted(), target(1))
        assert (tuple(image.shape), tuple(found.boxes.shape)) == ((3, 37, 37), (0, 4))


def test_boxes_up_to_the_edge_stay_in_every_size() -> None:
    """Stretched in float32 some end a little beyond it, and torchvision would drop them as outside."""
    whole = painted()
    for size in range(30, 340, 7):
        image, found = evaluation_transform(size)(whole, target(1, (31, 17, 97, 113)))
        assert len(found.boxes) == 1
        assert found.boxes[0, 2:].tolist() == pytest.approx([size, size])
        assert found.boxes.max() <= size
        assert image.shape[1] == size


def test_evaluation_leaves_out_no_box_however_thin() -> None:
    """One that is left out here can be missed by nobody. A training learns nothing from it."""
    true = target(6, (30, 20, 31, 60), BOX, (50, 40, 90, 41))
    _, found = evaluation_transform(31)(painted(), true)
    assert len(found.boxes) == 3
    assert float(found.boxes[0, 2] - found.boxes[0, 0]) == pytest.approx(31 / 97)
    counts = {len(training_transform(31, seeded(seed))(painted(), true)[1].boxes) for seed in range(5)}
    assert max(counts) == 1


def test_evaluation_stretches_image_boxes_and_areas_alike() -> None:
    true = target(6, BOX, labels=[2])
    image, found = evaluation_transform(320)(painted(), replace(true, areas=torch.ones(1)))
    assert tuple(image.shape) == (3, 320, 320)
    assert largest_gap(image, found) <= 2
    expected = [31 * 320 / 97, 17 * 320 / 113, 89 * 320 / 97, 71 * 320 / 113]
    assert found.boxes[0].tolist() == pytest.approx(expected)
    assert found.areas is not None
    assert found.areas.tolist() == pytest.approx([320 * 320 / (97 * 113)])


def test_a_generator_decides_and_the_global_one_stays() -> None:
    torch.manual_seed(5)
    before = torch.get_rng_state()
    transform = training_transform(31, seeded(1))
    first, second = (transform(painted(), target(1, BOX))[0] for _ in range(2))
    assert torch.equal(torch.get_rng_state(), before)
    assert not torch.equal(first, second)
    assert torch.equal(first, training_transform(31, seeded(1))(painted(), target(1, BOX))[0])


def test_without_a_generator_the_global_one_decides() -> None:
    images = []
    for seed in (3, 3, 4):
        torch.manual_seed(seed)
        image, found = training_transform(31)(painted(), replace(target(1, BOX), areas=torch.ones(1)))
        assert found.areas is None
        images.append(image)
    assert torch.equal(images[0], images[1])
    assert not torch.equal(images[0], images[2])


def test_nothing_is_mirrored() -> None:
    """The red half stays on the left: a mirrored digit is no digit."""
    image = painted((0, 0, 48, 113))
    for seed in range(7):
        changed, found = training_transform(31, seeded(seed))(image, target(1, (0, 0, 48, 113)))
        assert red(changed)[0] <= found.boxes[0, 0] + 1


def test_the_handed_image_and_boxes_are_not_written_to() -> None:
    image, true = painted(), target(1, BOX, (0, 0, 97, 113))
    for seed in range(7):
        training_transform(31, seeded(seed))(image, true)
    assert torch.equal(image, painted())
    assert true.boxes.tolist() == [list(BOX), [0, 0, 97, 113]]


@pytest.mark.parametrize("make", [training_transform, evaluation_transform])
def test_a_size_of_nothing_is_refused(make: Callable[[int], object]) -> None:
    with pytest.raises(UsageError, match="images of 0 pixels an edge; expected at least 1, in the paper 320"):
        make(0)
