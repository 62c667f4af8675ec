"""Images with their boxes: every box under its class's name, and one line for what cannot be drawn."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from reports.hadaptive.boxed_images import SHOWN, THUMBNAIL, boxed_images_figure, main


def annotations(folder: Path, images: int = 3) -> dict[str, Any]:
    """Each image has a box of class 7 and a crowd of class 3."""
    draw = np.random.default_rng(0)
    for number in range(images):
        Image.fromarray(draw.integers(0, 255, (61, 203), np.uint8)).save(folder / f"{number}.png")
    boxes = [
        {"id": 2 * number + crowd, "image_id": number, "category_id": 3 if crowd else 7, "iscrowd": crowd, "bbox": box}
        for number in range(images)
        for crowd, box in enumerate(((5, 7, 11, 13), (170.5, 20, 30, 40)))
    ]
    return {
        "images": [{"id": number, "file_name": f"{number}.png"} for number in range(images)],
        "annotations": boxes,
        "categories": [{"id": 7, "name": "cup <2"}, {"id": 3, "name": "horse"}],
    }


def drawn_texts(figure: bytes) -> list[str]:
    """matplotlib writes each text as a comment beside its outlines."""
    return [one.strip() for one in re.findall(r"<!--(.*?)-->", figure.decode(), re.DOTALL)]


def test_every_box_has_the_name_of_its_class(tmp_path: Path) -> None:
    found = drawn_texts(boxed_images_figure(annotations(tmp_path), tmp_path))
    assert [found.count(name) for name in ("cup &lt;2", "horse")] == [3, 3]


def test_it_shows_the_first_images_and_no_more(tmp_path: Path) -> None:
    figure = boxed_images_figure(annotations(tmp_path, SHOWN + 3), tmp_path).decode()
    assert figure.count("<image") == SHOWN
    assert len(figure) < SHOWN * 2 * THUMBNAIL**2 * 3


def test_only_crowds_are_dashed(tmp_path: Path) -> None:
    content = annotations(tmp_path, 1)
    assert "stroke-dasharray" in boxed_images_figure(content, tmp_path).decode()
    content["annotations"] = content["annotations"][:1]
    assert "stroke-dasharray" not in boxed_images_figure(content, tmp_path).decode()


def test_the_command_writes_the_same_bytes_each_time(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, figure = tmp_path / "instances.json", tmp_path / "figure.svg"
    source.write_text(json.dumps(annotations(tmp_path)))
    assert main([str(source), str(tmp_path), str(figure)]) == 0
    assert capsys.readouterr().out == f"{figure}\n"
    assert figure.read_bytes() == boxed_images_figure(annotations(tmp_path), tmp_path)


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"images": []}, "no image to draw; expected at least one"),
        ({"images": [{"id": 0, "file_name": "none.png"}]}, "none.png is not an image that can be read"),
        ({"categories": []}, "does not fit \"COCO's instances\" (KeyError: 7)"),
        ({"images": None}, "does not fit"),
    ],
)
def test_what_cannot_be_drawn_is_refused_in_one_line(
    changed: dict[str, Any], says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = tmp_path / "instances.json"
    source.write_text(json.dumps({**annotations(tmp_path, 1), **changed}))
    assert main([str(source), str(tmp_path), str(tmp_path / "figure.svg")]) == 2
    assert says in capsys.readouterr().err
    assert not (tmp_path / "figure.svg").exists()


def test_it_says_which_arguments_it_takes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["one"]) == 2
    assert "1 arguments; expected three: INSTANCES.json IMAGES FIGURE.svg" in capsys.readouterr().err
