"""A network small enough to export in seconds, with every kind of layer, and a cache of this run's own for files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import torch

from impls.exported.export import export
from impls.hadaptive.config import Convolution, GhostBottleneck, HadaBottleneck, NetworkConfig
from impls.hadaptive.network import build

if TYPE_CHECKING:
    from impls.hadaptive.network import HadaptiveNet

pytest.importorskip("onnxscript", reason="onnxscript is not installed")
pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")

SHAPE = (1, 3, 23, 23)


def untrained(**changes: object) -> HadaptiveNet:
    config = NetworkConfig(
        (
            Convolution(8, kernel=2, stride=2),
            GhostBottleneck(8, 2.0),
            HadaBottleneck(8, k=5),
            HadaBottleneck(8, k=4, norm="bn"),
        ),
        width=16,
        hidden=24,
    ).with_hada(**changes)
    torch.manual_seed(3)
    return build(config, num_classes=7)


def network(**changes: object) -> HadaptiveNet:
    """Weights that select decisively: scores of random networks lie close."""
    net = untrained(**changes)
    with torch.no_grad():
        for _ in range(20):  # statistics of BatchNorm, those of pairs included
            net(torch.randn(16, *SHAPE[1:]))
        for name, one in net.named_parameters():
            if name.endswith("bias") or "norm" in name:
                one.add_(torch.randn_like(one) * 0.3)
    return net.eval()


@pytest.fixture(scope="package")
def net() -> HadaptiveNet:
    return network()


@pytest.fixture(scope="package")
def file(net: HadaptiveNet, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return export(net, tmp_path_factory.mktemp("exported") / "net.onnx", SHAPE)
