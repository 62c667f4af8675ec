"""Images and boxes changed at random before a training step, as section A.4 of the paper describes it.

In order, by torchvision's transforms: colours (hue by up to 18 degrees, saturation by 0.5 to 1.5), a canvas up to twice
as wide and high around the image, a crop, and 320x320 pixels without keeping the shape. Neither the paper nor we mirror
images: of digits, which are among what is trained on here, the mirror image is another thing or none.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any

import torch
from torch import Tensor

from impls.hadaptive.detection.data.target import SIZE, Target, Transform
from impls.hadaptive.images.pictures import MEAN
from impls.hadaptive.images.vision import torchvision
from opbench.errors import UsageError

HUE, SATURATION = 18 / 360, (0.5, 1.5)
"""The hue as a share of the whole circle, which is what torchvision counts in."""
CANVAS = (1.0, 2.0)
"""Edges of the canvas over the image's."""
OVERLAPS = (0.1, 0.3, 0.5)
"""Of a crop and the box it fits best, at least one of these."""
WHOLE = 1.0
"""torchvision's sign for no crop, drawn as often as each of OVERLAPS. The paper does not name it, SSD has it, and
without it torchvision draws for ever where no crop can do: crops have at least 0.3 of the edges, so an object of 24
pixels in 320 overlaps with none of them by 0.1; nor will any do where there is no box."""
SMALLEST = 1.0
"""Pixels: narrower boxes are dropped in training, as torchvision does. In evaluation none is: it is to be found."""


def training_transform(size: int = SIZE, generator: torch.Generator | None = None) -> Transform:
    """An image changed at random to `size` pixels an edge, with the boxes whose centre it still shows.

    generator: where the changes are drawn from; PyTorch's global generator where None, which a DataLoader seeds in each
    of its reading processes, while a copy of one generator in each would draw the same everywhere. With a generator
    given the global one is left as it was. Areas of objects that were cropped are not known, so they become None.
    Raises UsageError for a size below 1, MachineError without torchvision.
    """
    return _Training(_checked(size), generator, _steps(size))


def evaluation_transform(size: int = SIZE) -> Transform:
    """An image resized to `size` pixels an edge, its shape not kept, with its boxes and areas.

    The overlap of two boxes does not change when both are stretched alike, so that precision may be computed in these
    pixels as in the image's own; small, medium and large are then those of the stretched image.
    Raises UsageError for a size below 1, MachineError without torchvision.
    """
    return _Evaluation(_checked(size), _transforms().Resize((size, size), antialias=True))


@dataclass(frozen=True)
class _Training:
    size: int
    generator: torch.Generator | None
    steps: tuple[Any, ...]

    def __call__(self, image: Tensor, target: Target) -> tuple[Tensor, Target]:
        if self.generator is None:
            return self._changed(image, target)
        seed = int(torch.randint(2**62, (), generator=self.generator))
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(seed)
            return self._changed(image, target)

    def _changed(self, image: Tensor, target: Target) -> tuple[Tensor, Target]:
        changed, shown = _put_through(self.steps, image, replace(target, areas=None))
        boxes = _boxes_of(shown.boxes, changed)
        _, kept = _transforms().functional.sanitize_bounding_boxes(boxes, min_size=SMALLEST)
        return changed, shown.only(kept.as_subclass(Tensor))


@dataclass(frozen=True)
class _Evaluation:
    size: int
    resize: Any

    def __call__(self, image: Tensor, target: Target) -> tuple[Tensor, Target]:
        height, width = image.shape[1:]
        if target.areas is not None:
            target = replace(target, areas=target.areas * (self.size * self.size / (height * width)))
        return _put_through((self.resize,), image, target)


def _steps(size: int) -> tuple[Any, ...]:
    transforms = _transforms()
    fill = tuple(round(255 * value) for value in MEAN)  # what normalising makes nearly 0
    return (
        transforms.ColorJitter(hue=HUE, saturation=SATURATION),
        transforms.RandomZoomOut(fill=fill, side_range=CANVAS),
        transforms.RandomIoUCrop(sampler_options=[*OVERLAPS, WHOLE]),
        transforms.Resize((size, size), antialias=True),
    )


def _put_through(steps: tuple[Any, ...], image: Tensor, target: Target) -> tuple[Tensor, Target]:
    """What the image shows is as many boxes as before, those out of sight among them; none sticks out of the image."""
    seen, boxes = import_module("torchvision.tv_tensors").Image(image), _boxes_of(target.boxes, image)
    for step in steps:
        seen, boxes = step(seen, boxes)
    # A box up to the image's edge is in float32 a little beyond it once stretched, and would be dropped for that.
    boxes = _transforms().functional.clamp_bounding_boxes(boxes)
    return seen.as_subclass(Tensor), replace(target, boxes=boxes.as_subclass(Tensor))


def _boxes_of(boxes: Tensor, image: Tensor) -> Any:
    kinds = import_module("torchvision.tv_tensors")
    return kinds.BoundingBoxes(boxes, format="XYXY", canvas_size=tuple(image.shape[1:]))


def _transforms() -> Any:
    torchvision()
    return import_module("torchvision.transforms.v2")


def _checked(size: int) -> int:
    if size < 1:
        raise UsageError(f"images of {size} pixels an edge; expected at least 1, in the paper {SIZE}")
    return size
