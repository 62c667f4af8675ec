"""The embedded digits: split once and for all, enlarged, normalised; and what augments them."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
import torch
from torch import Tensor

from impls.hadaptive.images import digits
from impls.hadaptive.images.data import DataSet, Images
from impls.hadaptive.images.digits import Labelled, Shifted
from opbench.errors import MachineError, UsageError

from ..scenes import random


@pytest.fixture(scope="module")
def loaded() -> DataSet:
    pytest.importorskip("sklearn", reason="scikit-learn is not installed")
    return digits.load(Path(), 16)


def everything(images: Images) -> tuple[Tensor, list[int]]:
    pairs = [images[at] for at in range(len(images))]  # type: ignore[arg-type]  # torch declares no length
    return torch.stack([image for image, _ in pairs]), [label for _, label in pairs]


def test_it_says_what_it_is(loaded: DataSet) -> None:
    assert loaded.described == "digits (10 classes, 1x16x16)"
    assert loaded.classes == tuple("0123456789")


def test_a_fifth_of_every_class_is_for_testing_and_no_image_is_in_both(loaded: DataSet) -> None:
    load_digits = pytest.importorskip("sklearn.datasets").load_digits
    training, testing = digits.split(torch.from_numpy(load_digits().target))
    assert sorted(torch.cat([training, testing]).tolist()) == list(range(1797))
    _, trained = everything(loaded.train)
    _, tested = everything(loaded.test)
    assert (len(trained), len(tested)) == (1437, 360)
    per_class = Counter(trained + tested)
    assert all(abs(count - per_class[label] / 5) < 1 for label, count in Counter(tested).items())


def test_images_keep_their_own_labels(loaded: DataSet) -> None:
    """The nearest class mean tells most digits: labels that slipped would not be told at all."""
    images, labels = everything(loaded.test)
    means = torch.stack([images[torch.tensor(labels) == one].mean(0) for one in range(10)])
    actual = torch.cdist(images.flatten(1), means.flatten(1)).argmin(1)
    assert (actual == torch.tensor(labels)).float().mean() > 0.85


def test_training_images_have_mean_0_and_deviation_1_and_move_by_up_to_one_native_pixel(loaded: DataSet) -> None:
    train = loaded.train
    assert isinstance(train, Shifted)
    assert train.most == 2
    still = train.padded[:, :, 2:-2, 2:-2]
    assert still.shape == (1437, 1, 16, 16)
    assert float(still.mean()) == pytest.approx(0, abs=1e-5)
    assert float(still.std()) == pytest.approx(1, abs=1e-5)
    assert float(train.padded[0, 0, 0, 0]) == pytest.approx(float(still.min()))


def test_at_its_native_edge_an_image_is_scikit_learns() -> None:
    bundled = pytest.importorskip("sklearn.datasets", reason="scikit-learn is not installed").load_digits()
    images, labels = digits.read()
    assert torch.equal(images[:, 0], torch.from_numpy(bundled.images).float() / 16)
    assert labels.tolist() == bundled.target.tolist()


def shifts(most: int, count: int = 200) -> set[tuple[int, int]]:
    """By how much a single bright pixel in the middle moved."""
    image = torch.zeros(1, 1, 7, 9)
    image[0, 0, 3, 4] = 1
    moved = Shifted(image, torch.tensor([5]), most, 0.0)
    found = []
    for _ in range(count):
        drawn, label = moved[0]
        assert label == 5
        assert drawn.shape == (1, 7, 9)
        (at,) = drawn[0].nonzero().tolist()
        found.append((at[0] - 3, at[1] - 4))
    return set(found)


def test_every_shift_within_the_limit_happens_and_none_beyond() -> None:
    assert shifts(1) == {(y, x) for y in (-1, 0, 1) for x in (-1, 0, 1)}
    assert shifts(0) == {(0, 0)}


def test_what_a_shift_brings_in_is_background() -> None:
    drawn = [Shifted(random(1, 2, 3, 3).abs(), torch.tensor([0]), 1, -4.0)[0][0] for _ in range(50)]
    assert {float(value) for image in drawn for value in image.flatten() if value < 0} == {-4.0}


def test_a_shift_is_drawn_from_the_global_generator() -> None:
    images = Shifted(random(1, 1, 5, 5), torch.tensor([0]), 2, 0.0)
    first, second = ((torch.manual_seed(3), [images[0][0] for _ in range(9)])[1] for _ in range(2))
    assert all(torch.equal(one, other) for one, other in zip(first, second, strict=True))


def test_a_label_is_a_number() -> None:
    label = Labelled(random(2, 1, 3, 3), torch.tensor([4, 7]))[1][1]
    assert (type(label), label) == (int, 7)


def test_without_scikit_learn_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> None:
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)

    monkeypatch.setattr(digits, "import_module", absent)
    with pytest.raises(
        MachineError, match=r"scikit-learn is not installed.*install scikit-learn, or take other images"
    ):
        digits.load(Path(), 32)


def test_one_class_is_nothing_to_tell_apart() -> None:
    images = Labelled(random(2, 1, 3, 3), torch.zeros(2))
    with pytest.raises(UsageError, match="cats has 1 classes; expected at least 2"):
        DataSet("cats", ("cat",), 1, 3, images, images)
