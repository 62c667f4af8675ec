"""COCO's files: what is read of good ones, and one line for every one that is not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from impls.hadaptive.detection.data.coco import CocoDetection
from opbench.errors import MachineError, UsageError

FILE = "instances_val2017.json"


def content(**changed: Any) -> dict[str, Any]:
    """Two images and four boxes; categories are numbered with gaps and out of order, as COCO's are."""
    whole = {
        "images": [
            {"id": 42, "file_name": "a.png", "width": 13, "height": 7, "license": 3},
            {"id": 9, "file_name": "b.png", "width": 1, "height": 1},
        ],
        "annotations": [
            {"id": 3, "image_id": 42, "category_id": 90, "bbox": [1, 2, 3.5, 4], "area": 6.5, "iscrowd": 0},
            {"id": 1, "image_id": 42, "category_id": 2, "bbox": [0, 0, 13, 7], "iscrowd": 1, "segmentation": {"a": 1}},
            {"id": 2, "image_id": 9, "category_id": 2, "bbox": [0.25, 0, 0.5, 1], "area": 0.5},
            {"id": 7, "image_id": 42, "category_id": 2, "bbox": [2, 2, 1, 1], "area": 1, "iscrowd": 0},
        ],
        "categories": [{"id": 90, "name": "ant", "supercategory": "indoor"}, {"id": 2, "name": "bicycle"}],
    }
    return {**whole, **changed}


def annotated(*boxes: tuple[float, ...], **changed: Any) -> dict[str, Any]:
    """With these boxes, all in the first image."""
    entry = {"image_id": 42, "category_id": 2, "area": 1, **changed}
    return content(annotations=[{"id": at, "bbox": box, **entry} for at, box in enumerate(boxes)])


def written(folder: Path, what: Any) -> CocoDetection:
    """Read back, after the images of `content` were written beside it."""
    from PIL import Image

    Image.new("L", (13, 7), 200).save(folder / "a.png")
    Image.new("RGBA", (1, 1), (1, 2, 3, 255)).save(folder / "b.png")
    (folder / FILE).write_text(what if isinstance(what, str) else json.dumps(what), encoding="utf-8")
    return CocoDetection(folder, folder / FILE)


def test_boxes_come_by_image_in_the_order_of_the_file(tmp_path: Path) -> None:
    data = written(tmp_path, content())
    assert (len(data), data.classes, data.category_ids) == (2, ("bicycle", "ant"), (2, 90))
    first, second = data.targets()
    assert (first.image_id, second.image_id) == (42, 9)
    assert first.boxes.tolist() == [[1, 2, 4.5, 6], [0, 0, 13, 7], [2, 2, 3, 3]]
    assert first.labels.tolist() == [1, 0, 0]
    assert first.crowd.tolist() == [False, True, False]
    assert first.areas is not None
    assert first.areas.tolist() == [6.5, 91, 1]
    assert second.boxes.tolist() == [[0.25, 0, 0.75, 1]]
    assert data.described == f"{FILE}: 2 images, 4 boxes, 2 classes"


def test_images_of_one_and_four_channels_have_three(tmp_path: Path) -> None:
    data = written(tmp_path, content())
    grey, _ = data[0]
    assert (grey.dtype, tuple(grey.shape)) == (torch.uint8, (3, 7, 13))
    assert set(grey.flatten().tolist()) == {200}
    assert data[-1][0].flatten().tolist() == [1, 2, 3]
    with pytest.raises(IndexError):
        data[2]


def test_an_image_without_boxes_stays(tmp_path: Path) -> None:
    data = written(tmp_path, content(annotations=[]))
    assert [tuple(one.boxes.shape) for one in data.targets()] == [(0, 4), (0, 4)]
    assert data.described == f"{FILE}: 2 images, 0 boxes, 2 classes"


def test_a_transform_gets_every_pair(tmp_path: Path) -> None:
    written(tmp_path, content())
    data = CocoDetection(tmp_path, tmp_path / FILE, lambda image, target: (image[:1], target.only(target.crowd)))
    image, target = data[0]
    assert (tuple(image.shape), target.labels.tolist()) == ((1, 7, 13), [0])


def test_what_sticks_out_is_cut_off_and_told(tmp_path: Path) -> None:
    data = written(tmp_path, annotated((-2, -1, 5, 3), (10, 5, 99, 1e300), (0, 0, 13.004, 7)))
    assert data.target(0).boxes.tolist() == [[0, 0, 3, 2], [10, 5, 13, 7], [0, 0, 13, 7]]
    assert (data.clipped, data.degenerate) == (2, 0)
    assert data.described == f"{FILE}: 2 images, 3 boxes, 2 classes; 2 boxes cut off at the image's edge"


def test_what_has_no_area_in_the_image_is_left_out_and_told(tmp_path: Path) -> None:
    outside, inverted, flat, narrow = (13, 0, 5, 5), (5, 5, -2, -2), (1, 1, 4, 0), (12, 1, 1e-9, 3)
    data = written(tmp_path, annotated(outside, inverted, (1, 1, 2, 2), flat, narrow, (20, -9, 5, 5)))
    assert data.target(0).boxes.tolist() == [[1, 1, 3, 3]]
    assert (data.clipped, data.degenerate) == (0, 5)
    assert data.described.endswith("1 boxes, 2 classes; 5 boxes of no area left out")


def changed(part: str, at: int, **values: Any) -> dict[str, Any]:
    whole = content()
    whole[part][at].update(values)
    return whole


WRONG = {
    "not JSON": ('{"images": [', "is not in COCO's form"),
    "nothing": ("", "is not in COCO's form"),
    "a list": ([1], r"is not in COCO's form \(Expected `object`, got `array`\)"),
    "no categories at all": ({"images": [], "annotations": []}, "missing required field `categories`"),
    "NaN": (annotated((0, 0, float("nan"), 1)), "is not in COCO's form"),
    "a box of three": (annotated((0, 0, 1)), r"Expected `array` of length 4.* - at `\$.annotations\[0\].bbox`"),
    "a text for a number": (changed("images", 0, id="42"), r"Expected `int`, got `str` - at `\$.images\[0\].id`"),
    "an edge of no pixels": (changed("images", 1, height=0), r"`\$.images\[1\].height`"),
    "another sign for crowds": (changed("annotations", 1, iscrowd=2), r"`\$.annotations\[1\].iscrowd`"),
    "a negative area": (changed("annotations", 0, area=-1), r"`\$.annotations\[0\].area`"),
    "no image": (content(images=[]), "has no images; expected at least one"),
    "no category": (content(categories=[]), "has no categories; expected at least one"),
    "an image twice": (changed("images", 1, id=42), "has the image id 42 twice; expected each once"),
    "a category twice": (changed("categories", 1, id=90), "has the category id 90 twice"),
    "an annotation twice": (changed("annotations", 3, id=2), "has the annotation id 2 twice"),
    "a box of no image": (changed("annotations", 1, image_id=5), "annotation 1 is of image 5, which is none of.* 2"),
    "a box of no class": (changed("annotations", 0, category_id=1), "annotation 3 is of category 1, which is none"),
    "a way out": (changed("images", 0, file_name="../a.png"), r"names the image file '../a.png'; expected a path in"),
    "a root": (changed("images", 0, file_name="/a.png"), "names the image file '/a.png'"),
    "no name": (changed("images", 0, file_name=""), "names the image file ''"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_file_that_is_wrong_is_named_in_one_line(case: str, tmp_path: Path) -> None:
    what, message = WRONG[case]
    with pytest.raises(UsageError, match=message) as caught:
        written(tmp_path, what)
    assert "\n" not in str(caught.value)
    assert str(tmp_path / FILE) in str(caught.value)


def test_what_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(MachineError, match=rf"no folder {tmp_path}/nowhere; expected the images"):
        CocoDetection(tmp_path / "nowhere", tmp_path / FILE)
    with pytest.raises(MachineError, match=rf"no annotations {tmp_path / FILE}; expected COCO's"):
        CocoDetection(tmp_path, tmp_path / FILE)
    with pytest.raises(MachineError, match="cannot be read"):
        CocoDetection(tmp_path, tmp_path)


def test_an_image_that_is_not_there_is_named(tmp_path: Path) -> None:
    data = written(tmp_path, content())
    (tmp_path / "a.png").unlink()
    with pytest.raises(MachineError, match=rf"no image {tmp_path}/a.png, which {FILE} names"):
        data[0]
    assert data[1][0].shape == (3, 1, 1)
    with pytest.raises(MachineError, match=r"no image .*aaa, which"):
        written(tmp_path, changed("images", 0, file_name="a" * 3000))[0]


def test_an_image_that_is_broken_or_another_is_named(tmp_path: Path) -> None:
    data = written(tmp_path, content())
    (tmp_path / "a.png").write_bytes((tmp_path / "a.png").read_bytes()[:50])
    with pytest.raises(UsageError, match=r"a.png is not an image that can be read"):
        data[0]
    data = written(tmp_path, changed("images", 0, width=7, height=13))
    with pytest.raises(UsageError, match=rf"a.png has 13x7 pixels and {FILE} says 7x13; boxes of one do not fit"):
        data[0]


def test_the_digest_is_of_the_annotations(made_folder: Path, tmp_path: Path) -> None:
    file = made_folder / "instances.json"
    content = json.loads(file.read_text(encoding="utf-8"))
    content["annotations"][3]["bbox"][2] -= 1
    (tmp_path / "moved.json").write_text(json.dumps(content), encoding="utf-8")
    same, other = (CocoDetection(made_folder / "images", one) for one in (file, tmp_path / "moved.json"))
    assert same.digest == CocoDetection(made_folder / "images", file).digest != other.digest
    assert (len(same), same.classes) == (len(other), other.classes)
