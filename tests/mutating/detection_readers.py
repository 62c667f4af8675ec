"""What reads files of images with boxes: annotations in COCO's form, and the figure of them."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import torch

from impls.hadaptive.detection.data.coco import CocoDetection
from opbench.errors import OpbenchError
from reports.hadaptive import boxed_images
from tests.impls.hadaptive.detection.data.test_coco import content, written
from tests.mutating.reader import Reader


def annotations(folder: Path) -> Path:
    return written(folder, content()).annotations


def read_annotations(file: Path) -> None:
    """Every box that is kept has an area, and lies in an image that is opened or refused."""
    data = CocoDetection(file.parent, file)
    assert "\n" not in data.described
    for at in range(len(data)):
        target = data.target(at)
        assert (target.boxes[:, 2:] > target.boxes[:, :2]).all()
        assert (target.boxes >= 0).all()
        assert (target.boxes <= torch.tensor([data.entries[at].width, data.entries[at].height] * 2)).all()
        assert (target.labels >= 0).all()
        assert (target.labels < len(data.classes)).all()
        with suppress(OpbenchError):
            image, _ = data[at]
            assert tuple(image.shape) == (3, data.entries[at].height, data.entries[at].width)


def drawn(file: Path) -> None:
    code = boxed_images.main([str(file), str(file.parent), str(file.with_name("boxes.svg"))])
    assert code in {0, 2, 3}, f"exit code {code}"


READERS = (
    Reader("images with boxes", annotations, read_annotations, share=60),
    Reader("boxes drawn", annotations, drawn, share=3),
)
