"""What these tests share: a made set, once, and torchvision, without which images are neither read nor changed."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest

from impls.hadaptive.detection.data import made
from impls.hadaptive.detection.data.coco import CocoDetection

IMAGES = 13


@pytest.fixture(scope="session")
def made_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of 13 training images."""
    for module in ("torchvision", "sklearn", "skimage"):
        if find_spec(module) is None:
            pytest.skip(f"{module} is not installed")
    return made.made_set(tmp_path_factory.mktemp("made"), IMAGES, 7, "train")


@pytest.fixture(scope="session")
def made_images(made_folder: Path) -> CocoDetection:
    return made.read_made(made_folder)
