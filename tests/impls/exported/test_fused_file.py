"""A network as one node: any runtime computes the file, with our library in one call, and both as PyTorch."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import torch
from torch import nn

from impls.exported.fused.file import export
from impls.exported.fused.model import LAYERS
from impls.exported.inlined import inlined
from impls.exported.names import DOMAIN, FUSED_NETWORK
from impls.exported.onnx_file import read
from impls.exported.session import open_file, open_model
from impls.hadaptive.config import Convolution, GhostBottleneck, HadaBottleneck, NetworkConfig
from impls.hadaptive.network import build
from opbench.errors import UsageError

from ..hadaptive.scenes import drawn
from .conftest import SHAPE, untrained
from .test_nodes import BOTH

if TYPE_CHECKING:
    from onnx import ModelProto

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


@pytest.mark.parametrize("with_library", BOTH)
def test_maps_smaller_than_their_windows(tmp_path: Path, odd: HadaptiveNet, with_library: bool) -> None:
    """3x3 behind the stem and 1x1 behind the next stride, under windows of 4 and 5."""
    shape = (1, 3, 5, 5)
    session = open_file(export(odd, tmp_path / "small.onnx", shape), with_library=with_library, threads=1)
    x = torch.randn((3, *shape[1:]), generator=torch.Generator().manual_seed(1))
    want = odd(x)
    assert float((torch.from_numpy(session(x.numpy())) - want).abs().max()) <= 1e-5 * float(want.abs().max())


@pytest.mark.parametrize("with_library", BOTH)
@pytest.mark.parametrize("channels_last", [False, True])
@pytest.mark.parametrize("at", [1, 2, 3, 5])
def test_a_block_alone_takes_and_makes_maps_of_either_order(
    at: int, channels_last: bool, with_library: bool, odd: HadaptiveNet, tmp_path: Path
) -> None:
    block = odd.body[at]
    x = torch.randn((2, channels_of(block), 6, 4), generator=torch.Generator().manual_seed(at))
    want = block(x)
    path = export(block, tmp_path / "block.onnx", tuple(x.shape), channels_last=channels_last)
    session = open_file(path, with_library=with_library, threads=1)
    if channels_last:
        x, want = x.permute(0, 2, 3, 1).contiguous(), want.permute(0, 2, 3, 1)
    for some in (x, x[:1]):
        got = torch.from_numpy(session(some.numpy()))
        assert float((got - want[: len(some)]).abs().max()) <= 1e-5 * float(want.abs().max())


def channels_of(block: nn.Module) -> int:
    first = next(module for module in block.modules() if isinstance(module, nn.Conv2d))
    return first.in_channels


def test_a_block_with_its_channels_last_is_its_node_and_nothing_else(odd: HadaptiveNet, tmp_path: Path) -> None:
    kinds = {}
    for last in (False, True):
        path = export(odd.body[1], tmp_path / f"{last}.onnx", (1, channels_of(odd.body[1]), 5, 5), channels_last=last)
        kinds[last] = [node.op_type for node in read(path).graph.node]
    assert kinds == {False: ["Transpose", FUSED_NETWORK, "Transpose"], True: [FUSED_NETWORK]}


@pytest.mark.compiler
def test_a_map_of_another_rank_is_refused_with_the_order_that_is_expected(odd: HadaptiveNet, tmp_path: Path) -> None:
    path = export(odd.body[1], tmp_path / "block.onnx", (1, channels_of(odd.body[1]), 5, 5), channels_last=True)
    model = read(path)
    for value in (*model.graph.input, *model.graph.output):
        value.type.tensor_type.ClearField("shape")
    session = open_model(model.SerializeToString(), "it", with_library=True, threads=1)
    expected = r"x has shape \(5, 5, 7\); expected \(batch, height, width, channels\)"
    with pytest.raises(Exception, match=expected):  # the runtime's own kinds are no part of its interface
        session.runtime.run(None, {session.name: torch.zeros(5, 5, 7).numpy()})


def test_only_a_block_takes_its_channels_last(odd: HadaptiveNet, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="a HadaptiveNet reads images with their channels first; only a block"):
        export(odd, tmp_path / "net.onnx", SHAPE, channels_last=True)


def test_it_can_be_written_out_for_runtimes_without_functions(path: Path) -> None:
    flat = inlined(read(path))
    assert not flat.functions
    assert {node.domain for node in flat.graph.node} == {""}


def opened(model: ModelProto, text: str) -> None:
    """A session of the model with another text in its node, which no runtime without our library reads."""
    (node,) = model.graph.node
    (layers,) = (one for one in node.attribute if one.name == LAYERS)
    layers.s = text.encode()
    open_model(model.SerializeToString(), "it", with_library=True, threads=1)


@pytest.mark.compiler
@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("convolution stride=2", "dense stride=2", "a layer 'dense'; expected convolution, ach_bottleneck"),
        (" padding=1", "", "a convolution without padding"),
        ("padding=1", "padding=much", "padding of a convolution is 'much'; expected a whole number"),
        ("padding=1", "padding", "'padding' in a layer; expected name=value"),
        ("norm_name=tanh", "norm_name=batch", "norm is 'batch'; expected softsign, sigmoid"),
        ("k=5", "k=6", r"input \d+ of a network has shape \(10\); expected \(15\)"),
        ("k=5", "k=99", "k is 99 of 9 channels"),
        ("expanded=17", "expanded=99", "a ghost_bottleneck expands by"),
    ],
)
def test_a_node_whose_text_and_weights_disagree_is_refused_when_a_session_opens(
    old: str, new: str, says: str, path: Path
) -> None:
    model = read(path)
    (text,) = (one.s.decode() for one in model.graph.node[0].attribute if one.name == LAYERS)
    assert old in text
    with pytest.raises(UsageError, match=says):
        opened(model, text.replace(old, new, 1))


@pytest.mark.compiler
def test_a_node_with_weights_that_no_layer_takes_is_refused_when_it_runs(path: Path) -> None:
    model = read(path)
    (text,) = (one.s.decode() for one in model.graph.node[0].attribute if one.name == LAYERS)
    (layers,) = (one for one in model.graph.node[0].attribute if one.name == LAYERS)
    layers.s = "\n".join(text.splitlines()[:-1]).encode()
    session = open_model(model.SerializeToString(), "it", with_library=True, threads=1)
    with pytest.raises(UsageError, match=r"a network of \d+ inputs, whose layers take \d+"):
        session(torch.zeros(SHAPE).numpy())


def with_an_ablation(model: HadaptiveNet) -> nn.Module:
    return untrained(selection="fixed").eval()


def only_maps(model: HadaptiveNet) -> nn.Module:
    return build(CONFIG, features_only=True)


def a_layer(model: HadaptiveNet) -> nn.Module:
    return model.body[0]


def a_half_block(model: HadaptiveNet) -> nn.Module:
    return copy.deepcopy(model.body[1]).half()


def a_half(model: HadaptiveNet) -> nn.Module:
    return copy.deepcopy(model).half()


@pytest.mark.parametrize(
    ("of", "says"),
    [
        (a_half, "body.0 has no fused form.*weight is torch.float16 on cpu; expected torch.float32 on cpu"),
        (with_an_ablation, "body.2 has no fused form, so the network is no single node: a FixedSelection"),
        (only_maps, "expected a HadaptiveNet with a classifier, or an AdaptiveBottleneck"),
        (a_layer, "a CNA has no file of one node; expected a HadaptiveNet"),
        (a_half_block, "so the AdaptiveBottleneck is no single node: .*weight is torch.float16 on cpu"),
    ],
)
def test_what_has_no_such_file_is_refused_with_the_reason(
    of: Callable[[HadaptiveNet], nn.Module], says: str, odd: HadaptiveNet, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match=says):
        export(of(odd), tmp_path / "net.onnx", SHAPE)
    assert list(tmp_path.iterdir()) == []
