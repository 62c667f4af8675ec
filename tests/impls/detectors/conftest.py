"""What these tests share: one thread each, and a detector so small that it is exported in seconds."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec

import pytest
import torch

from impls.detectors import drawing
from impls.detectors.building import build
from impls.detectors.drawing import settle
from impls.hadaptive.config import Convolution, HadaBottleneck, Layer, NetworkConfig
from impls.hadaptive.detection.model.detector import Detector
from impls.hadaptive.detection.model.features import Backbone, Features
from impls.hadaptive.detection.model.heads import head
from impls.hadaptive.network import HadaptiveNet

CLASSES, SIZE = 3, 64


@pytest.fixture(autouse=True)
def alone(one_thread: None) -> None:
    """Every test of this folder."""
    for library in ("timm", "torchvision"):
        if find_spec(library) is None:
            pytest.skip(f"{library} is not installed")


@pytest.fixture(scope="package", autouse=True)
def small_probe() -> Iterator[None]:
    """Statistics of BatchNorm from images of 128x128: these tests ask whether two ways to compute a detector agree."""
    build.cache_clear()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(drawing, "PROBE", (8, 3, 2 * SIZE, 2 * SIZE))
        yield
    build.cache_clear()


@pytest.fixture(scope="package")
def tiny(small_probe: None) -> Detector:
    """One ACH at stride 8, and four stages behind it."""
    layers: tuple[Layer, ...] = (*[Convolution(8, kernel=2, stride=2)] * 3, HadaBottleneck(8, k=4))
    body = HadaptiveNet(NetworkConfig(layers, width=8, hidden=8), features_only=True)
    maps = Features(Backbone(body, (2,), (8,), (8,)))
    torch.manual_seed(1)
    detector = Detector(maps, head("lite", maps.channels, CLASSES), CLASSES)
    with torch.no_grad():
        settle(detector, torch.Generator().manual_seed(3))
    return detector.eval().requires_grad_(requires_grad=False)
