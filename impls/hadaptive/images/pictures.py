"""CIFAR-100, ImageNet and folders of images, read by torchvision from where the user put them.

Nothing is downloaded. Training images are cropped and mirrored at random, as usual for each; test images are not.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from impls.hadaptive.images.data import DataSet
from impls.hadaptive.images.vision import torchvision
from opbench import errors
from opbench.errors import MachineError, UsageError

MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of ImageNet's channels, from 0 to 1: torchvision's and timm's common choice, kept for all three."""
SHOWN = 0.875
"""Share of a test image's edge that the centre crop keeps: 224 of 256."""


def cifar100(root: Path, edge: int) -> DataSet:
    """60000 images of 32x32 in 100 classes, enlarged to `edge`; expected in root/cifar-100-python.

    Raises MachineError where the files are not there or are damaged.
    """
    dataset, transforms = torchvision().datasets.CIFAR100, torchvision().transforms
    cropped = [transforms.RandomCrop(32, padding=4), transforms.RandomHorizontalFlip()]
    enlarged = transforms.Resize((edge, edge), antialias=True)
    try:
        train = dataset(root, train=True, transform=_pipeline(*cropped, enlarged))
        test = dataset(root, train=False, transform=_pipeline(enlarged))
    except RuntimeError as exc:
        raise MachineError(
            f"no intact CIFAR-100 in {root / 'cifar-100-python'}; expected the files of cifar-100-python.tar.gz "
            "(https://www.cs.toronto.edu/~kriz/cifar.html) unpacked there: say where with --root, or train on digits"
        ) from exc
    return DataSet("cifar100", tuple(train.classes), 3, edge, train, test)


def imagenet(root: Path, edge: int) -> DataSet:
    """ImageNet-1k (2012): root holds its three archives, or `train`, `val` and `meta.bin` made of them.

    Raises MachineError where neither is there.
    """
    dataset = torchvision().datasets.ImageNet
    if not root.is_dir():
        raise _absent("ImageNet", root)
    try:
        train = dataset(root, split="train", transform=_training(edge), loader=opened)
        test = dataset(root, split="val", transform=_testing(edge), loader=opened)
    except (RuntimeError, FileNotFoundError) as exc:
        raise MachineError(
            f"no intact ImageNet in {root} ({_first_line(exc)}); expected the archives ILSVRC2012_img_train.tar, "
            "_img_val.tar and _devkit_t12.tar.gz there: say where with --root, or use --data folder for a plain tree"
        ) from exc
    return DataSet("imagenet", tuple(names[0] for names in train.classes), 3, edge, train, test)


def folder(root: Path, edge: int) -> DataSet:
    """Any images: root/train/CLASS/*.jpg and root/val/CLASS/*.jpg, and the other formats Pillow reads.

    Raises MachineError where a folder is not there; UsageError for one without images and for classes that differ.
    """
    for part in ("train", "val"):
        if not (root / part).is_dir():
            raise _absent("images", root / part)
    dataset = torchvision().datasets.ImageFolder
    try:
        train = dataset(root / "train", transform=_training(edge), loader=opened)
        test = dataset(root / "val", transform=_testing(edge), loader=opened)
    except FileNotFoundError as exc:
        raise UsageError(f"{root}: {_first_line(exc)}; expected train/CLASS/* and val/CLASS/* with images") from exc
    if train.classes != test.classes:
        raise UsageError(_differing(root, set(train.classes), set(test.classes)))
    return DataSet("folder", tuple(train.classes), 3, edge, train, test)


def opened(path: str) -> Any:
    """The image in a file, as RGB. Raises UsageError, naming the file, for one that Pillow cannot read."""
    from PIL import Image

    try:
        with Image.open(path) as image:
            return image.convert("RGB")
    # The first for unknown formats and truncated files, the others for damage inside (TypeError: a TIFF with a tag of
    # another type) and for sizes that would fill the memory.
    except (OSError, SyntaxError, ValueError, TypeError, Image.DecompressionBombError) as exc:
        raise UsageError(f"{path} is not an image that can be read ({_first_line(exc)}); remove or replace it") from exc


def _training(edge: int) -> Any:
    transforms = torchvision().transforms
    return _pipeline(transforms.RandomResizedCrop(edge, antialias=True), transforms.RandomHorizontalFlip())


def _testing(edge: int) -> Any:
    transforms = torchvision().transforms
    return _pipeline(transforms.Resize(round(edge / SHOWN), antialias=True), transforms.CenterCrop(edge))


def _pipeline(*steps: Any) -> Any:
    transforms = torchvision().transforms
    return transforms.Compose([*steps, transforms.ToTensor(), transforms.Normalize(MEAN, DEVIATION)])


def _absent(what: str, at: Path) -> MachineError:
    return MachineError(f"no {what}: there is no folder {at}; say with --root where they are, or train on digits")


def _differing(root: Path, training: set[str], testing: set[str]) -> str:
    only_training, only_testing = sorted(training - testing), sorted(testing - training)
    return (
        f"the classes under {root} differ: only in train: {', '.join(only_training) or 'none'}; "
        f"only in val: {', '.join(only_testing) or 'none'}; expected the same folders in both"
    )


def _first_line(exc: Exception) -> str:
    return errors.first_line(exc).rstrip(". ")
