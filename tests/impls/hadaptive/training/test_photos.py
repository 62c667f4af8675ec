"""Crops of photographs: the same to test on every time, others to train on every time."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import torch

from impls.hadaptive.images import photos
from impls.hadaptive.images.data import DataSet
from impls.hadaptive.images.pictures import DEVIATION, MEAN
from impls.hadaptive.inspect.pictures import EDGE, pictures_of
from opbench.errors import MachineError

from ..training_scenes import bars

MISSING = [name for name in ("sklearn", "skimage", "torchvision") if find_spec(name) is None]
pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"{', '.join(MISSING)} not installed")


@pytest.fixture(scope="module")
def data() -> DataSet:
    return photos.load(Path("nowhere"), 17)


def read(images: Any, at: int) -> tuple[torch.Tensor, int]:
    found: tuple[torch.Tensor, int] = images[at]
    return found


def test_every_photograph_is_a_class_with_as_many_crops(data: DataSet) -> None:
    assert data.described == "photos (7 classes, 3x17x17)"
    labels = [read(data.test, at)[1] for at in range(7 * photos.TESTED)]
    assert [labels.count(one) for one in range(7)] == [photos.TESTED] * 7
    assert [read(data.train, at)[1] for at in range(9)] == [0, 1, 2, 3, 4, 5, 6, 0, 1]
    assert len(data.train) == 7 * photos.CROPS  # type: ignore[arg-type]


def test_test_crops_never_change_and_leave_the_generator_alone(data: DataSet) -> None:
    torch.manual_seed(5)
    before = torch.get_rng_state()
    again = photos.load(Path(), 17)
    assert torch.equal(before, torch.get_rng_state())
    for at in (0, 33, 139):
        assert torch.equal(read(data.test, at)[0], read(again.test, at)[0])


def test_training_crops_are_drawn_from_the_global_generator(data: DataSet) -> None:
    torch.manual_seed(3)
    first, second = read(data.train, 4)[0], read(data.train, 4)[0]
    torch.manual_seed(3)
    assert torch.equal(first, read(data.train, 4)[0])
    assert not torch.equal(first, second)
    assert first.shape == (3, 17, 17)


def test_grad_cam_is_shown_whole_photographs_as_the_network_takes_them(data: DataSet) -> None:
    actual = pictures_of(data)
    assert [one.name for one in actual] == list(photos.NAMES)
    assert [one.label for one in actual] == list(range(7))
    for one in actual:
        assert one.rgb.shape == (EDGE, EDGE, 3)
        restored = one.image * torch.tensor(DEVIATION)[:, None, None] + torch.tensor(MEAN)[:, None, None]
        assert torch.allclose(restored * 255, torch.from_numpy(one.rgb).permute(2, 0, 1).float(), atol=1e-3)


def test_of_other_data_it_is_shown_the_first_test_image_of_each_class() -> None:
    data = bars()
    actual = pictures_of(data)
    assert [(one.name, one.label) for one in actual] == [("row", 0), ("column", 1), ("neither", 2)]
    for one in actual:
        assert torch.equal(one.image, read(data.test, one.label)[0])  # there labels go 0, 1, 2, 0, ...
        assert (one.rgb.min(), one.rgb.max()) == (0, 255)
        assert one.rgb.shape == (6, 6, 3)


def test_without_what_brings_the_photographs_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "skimage", None)
    monkeypatch.delitem(__import__("sys").modules, "skimage.data", raising=False)
    with pytest.raises(MachineError, match="scikit-image is not installed"):
        photos.load(Path(), 17)
