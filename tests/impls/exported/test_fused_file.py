"""A network as one node: any runtime computes the file, with our library in one call, and both as PyTorch."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import torch
from torch import nn

from impls.exported.fused.file import LAYERS, export
from impls.exported.inlined import inlined
from impls.exported.names import DOMAIN, FUSED_NETWORK
from impls.exported.onnx_file import read
from impls.exported.session import open_file
from impls.hadaptive.config import Convolution, GhostBottleneck, HadaBottleneck, NetworkConfig
from impls.hadaptive.network import build
from opbench.errors import UsageError

from ..hadaptive.scenes import drawn
from .conftest import SHAPE, untrained
from .test_nodes import BOTH

if TYPE_CHECKING:
    from impls.hadaptive.network import HadaptiveNet

CONFIG = NetworkConfig(
    (
        Convolution(7, kernel=3, stride=2, activation=False),
        GhostBottleneck(7, 2.5, kernel=4),
        GhostBottleneck(9, 2.0, stride=2),
        HadaBottleneck(9, k=5, kernel=5),
        HadaBottleneck(9, k=4, norm="bn", pointwise=False),
        HadaBottleneck(11, k=9, kernel=2, norm="dyt"),
    ),
    width=17,
    hidden=19,
)
"""Odd channels, a Ghost whose half is dropped, even kernels, a residual and none."""


@pytest.fixture(scope="module")
def odd() -> HadaptiveNet:
    return drawn(build(CONFIG, 5)).requires_grad_(requires_grad=False)


@pytest.fixture(scope="module")
def path(odd: HadaptiveNet, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return export(odd, tmp_path_factory.mktemp("fused") / "fused.onnx", SHAPE)


def test_the_whole_network_is_one_node_that_says_its_layers(path: Path) -> None:
    model = read(path)
    (node,) = model.graph.node
    assert (node.domain, node.op_type) == (DOMAIN, FUSED_NETWORK)
    (text,) = (one.s.decode() for one in node.attribute if one.name == LAYERS)
    assert text.splitlines()[0] == "convolution stride=2 padding=1 hardswish=0 image_nchw=1"
    assert text.splitlines()[4] == "ach_bottleneck k=4 norm_name=identity alpha=1.0 stride=1 residual=1"
    assert len(text.splitlines()) == len(CONFIG.layers) + 2


@pytest.mark.parametrize("with_library", BOTH)
def test_it_computes_what_pytorch_does_at_any_batch(path: Path, odd: HadaptiveNet, with_library: bool) -> None:
    session = open_file(path, with_library=with_library, threads=1)
    for batch in (1, 2, 5):
        x = torch.randn((batch, *SHAPE[1:]), generator=torch.Generator().manual_seed(batch))
        want = odd(x)
        assert float((torch.from_numpy(session(x.numpy())) - want).abs().max()) <= 1e-5 * float(want.abs().max())


def test_it_can_be_written_out_for_runtimes_without_functions(path: Path) -> None:
    flat = inlined(read(path))
    assert not flat.functions
    assert {node.domain for node in flat.graph.node} == {""}



def with_an_ablation(model: HadaptiveNet) -> nn.Module:
    return untrained(selection="fixed").eval()


def only_maps(model: HadaptiveNet) -> nn.Module:
    return build(CONFIG, features_only=True)


def a_layer(model: HadaptiveNet) -> nn.Module:
    return model.body[0]


@pytest.mark.parametrize(
    ("of", "says"),
    [
        (with_an_ablation, "body.2 has no fused form, so the network is no single node: a FixedSelection"),
        (only_maps, "expected a HadaptiveNet with a classifier"),
        (a_layer, "a CNA has no file of one node; expected a HadaptiveNet"),
    ],
)
def test_what_has_no_such_file_is_refused_with_the_reason(
    of: Callable[[HadaptiveNet], nn.Module], says: str, odd: HadaptiveNet, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match=says):
        export(of(odd), tmp_path / "net.onnx", SHAPE)
    assert list(tmp_path.iterdir()) == []
