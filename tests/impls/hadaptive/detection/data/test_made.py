"""The made set: the same bytes every time, whole or not there, and what it says of its objects is so."""

from __future__ import annotations

import shutil
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from impls.hadaptive.detection.data import made
from impls.hadaptive.detection.data.backgrounds import backgrounds
from impls.hadaptive.detection.data.coco import CocoDetection
from impls.hadaptive.detection.data.cutouts import CLASSES, FACES, Cutout, cutouts
from impls.hadaptive.detection.data.scene import Difficulty, scene
from opbench.errors import MachineError, UsageError

from ..conftest import IMAGES

pytestmark = pytest.mark.skipif(find_spec("skimage") is None, reason="scikit-image is not installed")


def files(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file()}


def test_the_same_seed_makes_the_same_bytes_and_a_longer_set_goes_on(made_folder: Path, tmp_path: Path) -> None:
    again = files(made.made_set(tmp_path, 3, 7, "train"))
    there = files(made_folder)
    images = [f"images/{number:06}.png" for number in (1, 2, 3)]
    assert sorted(again) == [*images, "instances.json"]
    assert len(there) == IMAGES + 1
    assert [again[name] for name in images] == [there[name] for name in images]
    assert len({there[name] for name in images}) == 3


@pytest.mark.parametrize(("seed", "split"), [(8, "train"), (7, "val")])
def test_another_seed_or_split_makes_other_images(seed: int, split: str, made_folder: Path, tmp_path: Path) -> None:
    other = made.made_set(tmp_path, 1, seed, split)
    image = Path("images") / "000001.png"
    assert (other / image).read_bytes() != (made_folder / image).read_bytes()
    ours, theirs = (made.read_made(at).target(0).boxes.tolist() for at in (made_folder, other))
    assert ours != theirs  # other objects at other places, not the same on another background


def test_a_set_that_is_whole_is_not_made_again(made_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(made, "scene", lambda *_: pytest.fail("made again"))
    assert made.made_set(made_folder.parent, IMAGES, 7, "train") == made_folder


def test_a_set_without_its_annotations_is_made_again(tmp_path: Path) -> None:
    at = made.made_set(tmp_path, 1, 7, "train", classes=("horse",))
    before = files(at)
    (at / "instances.json").unlink()
    (at / "images" / "000001.png").write_bytes(b"half")
    assert files(made.made_set(tmp_path, 1, 7, "train", classes=("horse",))) == before
    assert list(tmp_path.iterdir()) == [at]


def test_every_argument_has_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(made, "_put", lambda *_: None)
    asked = [
        made.made_set(tmp_path, 5, 0, "train"),
        made.made_set(tmp_path, 6, 0, "train"),
        made.made_set(tmp_path, 5, 1, "train"),
        made.made_set(tmp_path, 5, 0, "val"),
        made.made_set(tmp_path, 5, 0, "train", classes=("1", "cat")),
        made.made_set(tmp_path, 5, 0, "train", classes=("cat", "1")),
        made.made_set(tmp_path, 5, 0, "train", difficulty=Difficulty(rotation=0)),
    ]
    assert len(set(asked)) == len(asked)


def test_it_is_read_as_coco_is(made_images: CocoDetection) -> None:
    assert made_images.classes == made.MADE_CLASSES
    assert (len(made_images), made_images.clipped, made_images.degenerate) == (IMAGES, 0, 0)
    image, target = made_images[4]
    assert tuple(image.shape) == (3, 320, 320)
    assert target.image_id == 5
    assert all(1 <= len(one.boxes) <= 6 for one in made_images.targets())


def test_what_makes_no_set_is_refused(tmp_path: Path) -> None:
    for message, asked in {
        "no split 'test'; there are: train, val": {"split": "test"},
        "0 made images of seed 0; expected at least 1": {"images": 0},
        "1 made images of seed -1; .*a seed from 0 on": {"seed": -1},
        "no class of made images 'dog'.*; there are: 0, 1,": {"classes": ("cat", "dog")},
        "classes cat, cat; expected one or more, each once": {"classes": ("cat", "cat")},
        "classes none; expected one or more": {"classes": ()},
        r"objects=\(0, 3\)": {"difficulty": Difficulty(objects=(0, 3))},
        r"sizes=\(50, 40\)": {"difficulty": Difficulty(sizes=(50, 40))},
        r"sizes=\(50, 321\).*sizes up to 320": {"difficulty": Difficulty(sizes=(50, 321))},
        r"visible=1.5": {"difficulty": Difficulty(visible=1.5)},
    }.items():
        with pytest.raises(UsageError, match=message):
            made.made_set(tmp_path, **{"images": 1, "seed": 0, "split": "train", **asked})  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []


def test_where_nothing_can_be_written_it_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(MachineError, match=r"cannot write images to .*; name another folder"):
        made.made_set(tmp_path / "file", 1, 0, "train")


def white(edge: int) -> Cutout:
    """A square that no lighting makes black."""
    return Cutout(np.full((edge, edge), 255, np.uint8), np.full((edge, edge, 3), 255, np.uint8))


BLACK = [np.zeros((40, 40, 3), np.uint8)]
UPRIGHT = Difficulty(objects=(1, 6), sizes=(5, 40), rotation=0)


@pytest.mark.parametrize("seed", range(7))
def test_boxes_are_drawn_tight_around_what_is_seen(seed: int) -> None:
    image, seen = scene(97, BLACK, [[white(11)]], UPRIGHT, np.random.default_rng(seed))
    boxed = np.zeros((97, 97), np.bool_)
    for one in seen:
        x, y, width, height = one.bbox
        boxed[y : y + height, x : x + width] = True
        for edge in (image[y, x : x + width], image[y + height - 1, x : x + width]):
            assert edge.max() > 100
        assert 0 < one.area <= width * height
    bright = image.max(axis=2) > 100
    assert bright.sum() == sum(one.area for one in seen)
    assert not (bright & ~boxed).any()


@pytest.mark.parametrize("visible", [0.0, 0.75, 1.0])
def test_no_object_hides_more_of_another_than_it_may(visible: float) -> None:
    hidden = []
    for seed in range(20):
        asked = Difficulty(objects=(5, 5), sizes=(20, 20), rotation=0, visible=visible)
        _, seen = scene(61, BLACK, [[white(20)]], asked, np.random.default_rng(seed))
        whole = [max(one.bbox[2:]) for one in seen if one.area]
        assert max(whole) <= 20
        hidden += [one.area / (one.bbox[2] * one.bbox[3]) for one in seen]
        if visible == 1:
            assert all(one.area == one.bbox[2] * one.bbox[3] for one in seen)
        assert min(one.area for one in seen) >= visible * 20 * 16
    assert visible == 1 or min(hidden) < 1


def test_objects_are_as_large_as_asked() -> None:
    for seed in range(5):
        asked = Difficulty(objects=(1, 1), sizes=(31, 37), rotation=90)
        _, seen = scene(97, BLACK, [[white(11)]], asked, np.random.default_rng(seed))
        assert len(seen) == 1
        assert 30 <= max(seen[0].bbox[2:]) <= 37


def as_bytes(piece: Cutout) -> bytes:
    return piece.coverage.tobytes() + (b"" if piece.colours is None else piece.colours.tobytes())


def test_every_class_has_cutouts_of_its_own_in_both_halves() -> None:
    for name in CLASSES:
        halves = [cutouts(name, training=training) for training in (True, False)]
        for one in [piece for half in halves for piece in half]:
            assert one.colours is None or one.colours.shape == (*one.coverage.shape, 3)
            assert one.coverage.max() == 255
            assert one.coverage[0].any()
            assert one.coverage[:, -1].any()
        if len(halves[0]) > 1:
            training, validation = ({as_bytes(piece) for piece in half} for half in halves)
            assert not training & validation


def test_there_are_24_coins_and_100_faces() -> None:
    for name, count in {"coin": 24, "face": FACES}.items():
        assert sum(len(cutouts(name, training=training)) for training in (True, False)) == count


def test_backgrounds_of_the_two_halves_are_no_pixels_twice() -> None:
    for left, right in zip(backgrounds(training=True), backgrounds(training=False), strict=True):
        assert left.shape[0] == right.shape[0]
        assert 1.4 < left.shape[1] / right.shape[1] < 1.6
    from sklearn.datasets import load_sample_image

    whole = load_sample_image("china.jpg")
    both = [backgrounds(training=training)[0] for training in (True, False)]
    assert np.array_equal(np.concatenate(both, axis=1), whole)


def test_images_are_files_that_anyone_can_open(made_folder: Path) -> None:
    with Image.open(made_folder / "images" / "000002.png") as image:
        assert (image.format, image.mode, image.size) == ("PNG", "RGB", (320, 320))
    shutil.copytree(made_folder, made_folder.parent / "copy")
    assert len(made.read_made(made_folder.parent / "copy")) == IMAGES
