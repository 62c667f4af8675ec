"""CIFAR-100, ImageNet and folders: read from files of their form made here, and refused clearly when absent."""

from __future__ import annotations

import hashlib
import pickle
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from impls.hadaptive.images import sources, vision
from impls.hadaptive.images.batches import in_order
from impls.hadaptive.images.data import DataSet
from impls.hadaptive.images.pictures import opened
from opbench.errors import MachineError, UsageError


@pytest.fixture(autouse=True)
def installed() -> None:
    try:
        vision.torchvision()
    except MachineError as exc:
        pytest.skip(str(exc))


def picture(path: Path, size: tuple[int, int] = (13, 7), mode: str = "RGB", value: int = 200) -> None:
    from PIL import Image

    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, size, value if mode == "L" else (value, 0, 0, 255)[: len(mode)]).save(path)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for part in ("train", "val"):
        picture(tmp_path / part / "cat" / "1.png", mode="L")
        picture(tmp_path / part / "cat" / "2.png", size=(1, 1))
        picture(tmp_path / part / "dog" / "1.png", size=(7, 29), mode="RGBA")
    return tmp_path


def shapes(data: DataSet) -> set[tuple[int, ...]]:
    return {tuple(images[at][0].shape) for images in (data.train, data.test) for at in range(len(images))}  # type: ignore[arg-type]  # torch declares no length


def test_a_folder_says_its_classes_and_gives_images_of_one_size(tree: Path) -> None:
    data = sources.load("folder", tree, 9)
    assert data.described == "folder (2 classes, 3x9x9)"
    assert data.classes == ("cat", "dog")
    assert shapes(data) == {(3, 9, 9)}
    assert [data.test[at][1] for at in range(3)] == [0, 0, 1]


def test_channels_are_normalised_by_imagenets(tree: Path) -> None:
    image, _ = sources.load("folder", tree, 8).test[2]
    assert image.mean(dim=(1, 2)).tolist() == pytest.approx(
        [(200 / 255 - 0.485) / 0.229, -0.456 / 0.224, -0.406 / 0.225], abs=1e-4
    )


def test_only_training_images_are_augmented_and_by_the_global_generator(tree: Path) -> None:
    from PIL import Image

    gradient = np.arange(29 * 29 * 3, dtype=np.uint8).reshape(29, 29, 3)
    for part in ("train", "val"):
        Image.fromarray(gradient).save(tree / part / "cat" / "1.png")
    data = sources.load("folder", tree, 9)
    torch.manual_seed(3)
    first, second = data.train[0][0], data.train[0][0]
    torch.manual_seed(3)
    assert torch.equal(data.train[0][0], first)
    assert not torch.equal(first, second)
    assert torch.equal(data.test[0][0], data.test[0][0])


def test_classes_that_differ_are_named_on_both_sides(tree: Path) -> None:
    (tree / "val" / "dog").rename(tree / "val" / "fox")
    with pytest.raises(UsageError, match="only in train: dog; only in val: fox; expected the same"):
        sources.load("folder", tree, 9)


def test_a_class_without_images_is_named(tree: Path) -> None:
    (tree / "train" / "dog" / "1.png").unlink()
    with pytest.raises(UsageError, match=r"dog.*expected train/CLASS/"):
        sources.load("folder", tree, 9)


@pytest.mark.parametrize(("content", "workers"), [(b"no image", 0), (b"", 0), (b"no image", 1)])
def test_a_file_that_is_no_image_is_named_in_one_line(content: bytes, workers: int, tree: Path) -> None:
    (tree / "val" / "dog" / "1.png").write_bytes(content)
    data = sources.load("folder", tree, 9)
    with pytest.raises(
        UsageError, match=r"val/dog/1.png is not an image that can be read .*remove or replace it"
    ) as caught:
        list(in_order(data.test, 2, workers))
    assert "\n" not in str(caught.value)


def test_a_truncated_image_is_named(tree: Path) -> None:
    picture(tree / "val" / "dog" / "1.png", size=(64, 64))
    whole = (tree / "val" / "dog" / "1.png").read_bytes()
    (tree / "val" / "dog" / "1.png").write_bytes(whole[:-40])
    with pytest.raises(UsageError, match=r"val/dog/1.png is not an image that can be read"):
        sources.load("folder", tree, 9).test[2]


def test_an_image_that_begins_at_no_whole_byte_is_named(tmp_path: Path) -> None:
    """A TIFF that says where its pixels lie (tag 273, a long) in a fraction (type 5)."""
    picture(tmp_path / "1.tiff")
    content = (tmp_path / "1.tiff").read_bytes()
    assert content.count(b"\x11\x01\x04\x00") == 1
    (tmp_path / "1.tiff").write_bytes(content.replace(b"\x11\x01\x04\x00", b"\x11\x01\x05\x00"))
    with pytest.raises(UsageError, match=r"1.tiff is not an image that can be read"):
        opened(str(tmp_path / "1.tiff"))


def test_an_image_that_would_fill_the_memory_is_named(tree: Path) -> None:
    """A PNG whose header speaks of 2**17 x 2**17 pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")

    header = (2**17).to_bytes(4, "big") * 2 + bytes([8, 2, 0, 0, 0])
    content = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"")
    (tree / "val" / "dog" / "1.png").write_bytes(content)
    with pytest.raises(UsageError, match=r"val/dog/1.png is not an image that can be read \(Image size"):
        sources.load("folder", tree, 9).test[2]


@pytest.mark.parametrize("name", ["folder", "imagenet", "cifar100"])
def test_a_data_set_that_is_not_there_says_where_it_was_expected(name: str, tmp_path: Path) -> None:
    with pytest.raises(MachineError, match=rf"no .*{tmp_path}/nowhere.*--root.*train on digits"):
        sources.load(name, tmp_path / "nowhere", 32)


def test_an_imagenet_without_its_archives_names_them(tmp_path: Path) -> None:
    with pytest.raises(MachineError, match=r"no intact ImageNet in .*ILSVRC2012_img_train.tar.*--data folder"):
        sources.load("imagenet", tmp_path, 32)


def test_an_unpacked_imagenet_is_read_with_its_names(tree: Path) -> None:
    names = {"cat": ("tabby", "tabby cat"), "dog": ("pug",)}
    torch.save((names, ["cat", "dog"]), tree / "meta.bin")
    data = sources.load("imagenet", tree, 9)
    assert data.classes == ("tabby", "pug")
    assert shapes(data) == {(3, 9, 9)}


@pytest.fixture
def cifar(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The three files of CIFAR-100's form, with 7 and 5 images, and their sums in place of the real ones."""
    made, at = vision.torchvision().datasets.CIFAR100, tmp_path / "cifar-100-python"
    at.mkdir()

    def written(name: str, content: dict[str, Any]) -> list[str]:
        (at / name).write_bytes(pickle.dumps(content))
        return [name, hashlib.md5((at / name).read_bytes()).hexdigest()]

    def images(count: int) -> dict[str, Any]:
        data = np.arange(count, dtype=np.uint8)[:, None].repeat(3072, axis=1)
        return {"data": data, "fine_labels": [(7 * n) % 100 for n in range(count)]}

    monkeypatch.setattr(made, "train_list", [written("train", images(7))])
    monkeypatch.setattr(made, "test_list", [written("test", images(5))])
    name, md5 = written("meta", {"fine_label_names": [f"class {n}" for n in range(100)]})
    monkeypatch.setattr(made, "meta", {"filename": name, "key": "fine_label_names", "md5": md5})
    return tmp_path


def test_cifar_100_is_read_enlarged(cifar: Path) -> None:
    data = sources.load("cifar100", cifar, 37)
    assert data.described == "cifar100 (100 classes, 3x37x37)"
    assert [data.test[at][1] for at in range(5)] == [0, 7, 14, 21, 28]
    assert shapes(data) == {(3, 37, 37)}
    value = (4 / 255 - torch.tensor([0.485, 0.456, 0.406])) / torch.tensor([0.229, 0.224, 0.225])
    torch.testing.assert_close(data.test[4][0], value[:, None, None].expand(3, 37, 37), rtol=0, atol=1e-5)


def test_a_damaged_cifar_100_is_refused(cifar: Path) -> None:
    (cifar / "cifar-100-python" / "test").write_bytes(b"half")
    with pytest.raises(MachineError, match=r"no intact CIFAR-100 in .*cifar-100-python.tar.gz"):
        sources.load("cifar100", cifar, 32)


def test_an_unknown_data_set_names_those_that_exist() -> None:
    with pytest.raises(
        UsageError, match=r"no data set 'cifar10' \(did you mean 'cifar100'\?\); there are: cifar100, digits"
    ):
        sources.load("cifar10", Path())


def test_an_edge_below_a_pixel_is_refused() -> None:
    with pytest.raises(UsageError, match="an image edge of 0 pixels; expected at least 1, for digits usually 32"):
        sources.load("digits", Path(), 0)


def test_without_torchvision_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vision, "make_torchvision_importable", lambda: False)
    with pytest.raises(MachineError, match=r"torchvision is not installed.*or train on digits"):
        sources.load("cifar100", Path(), 32)
