"""The networks: the shape of every layer, the same result from every backend, errors that name both sides."""

from __future__ import annotations

import copy
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from impls.hadaptive.ach import ACH, use_backend
from impls.hadaptive.config import Convolution, GhostBottleneck, HadaBottleneck, NetworkConfig
from impls.hadaptive.network import (
    HadaptiveNet,
    build,
    hadaptive_net,
    hadaptive_net_l,
    hadaptive_net_m,
    hadaptive_net_s,
)
from opbench.counting.meta_kernels import Kept
from opbench.errors import UsageError

from .scenes import BACKENDS, drawn, random

STEM_S = [(32, 112), (48, 56), (32, 56), (64, 28), (64, 28), (96, 14)]
STEM_M = [(32, 112), (128, 56), (48, 56), (80, 28), (80, 28), (128, 14)]
STEM_L = [(24, 112), (96, 56), (48, 56), (96, 28), (96, 28), (192, 14)]
SHAPES = {
    "hadaptive_net_s": [*STEM_S, *[(96, 14)] * 5, *[(128, 7)] * 3],
    "hadaptive_net_m": [*STEM_M, *[(128, 14)] * 8, *[(192, 7)] * 3],
    "hadaptive_net_l": [*STEM_L, *[(192, 14)] * 11, *[(256, 7)] * 3, *[(256, 3)] * 3],
}
"""(channels, edge) behind every layer at 224x224."""

EXPANDED = {
    "hadaptive_net_s": [128, 128, 256, 216, 216, 192, 216, 216, 576, 624, 624],
    "hadaptive_net_m": [192, 160, 480, *[404, 404, 512] * 2, 404, 404, 768, 822, 822],
    "hadaptive_net_l": [192, 384, 384, *[688, 688, 768] * 3, 688, 688, 768, 886, 886, 1024, 886, 886],
}
"""Channels between expansion and depthwise convolution, of every adaptive bottleneck."""

TINY = NetworkConfig(
    (
        Convolution(5, kernel=2, stride=2, activation=False),
        GhostBottleneck(7, 2.0, kernel=2, stride=2),
        HadaBottleneck(7, k=4),
        HadaBottleneck(7, k=3, kernel=5, norm="bn"),
    ),
    width=11,
    hidden=13,
)


def outputs(modules: list[nn.Module], network: nn.Module, x: Tensor) -> list[Tensor]:
    """What each of the modules returned in one pass."""
    found: list[Tensor] = []
    hooks = [one.register_forward_hook(lambda _, __, y: found.append(y)) for one in modules]
    network(x)
    for hook in hooks:
        hook.remove()
    return found


@pytest.mark.parametrize("name", SHAPES)
def test_every_layers_output_has_the_published_shape(name: str) -> None:
    network = hadaptive_net(name, num_classes=10).to("meta").eval()
    x = torch.empty(2, 3, 224, 224, device="meta")
    expansions = [block.get_submodule("expand") for block in network.body if not isinstance(block, nn.Sequential)]
    edge = SHAPES[name][-1][1]
    with torch.no_grad(), Kept():
        layers = outputs(list(network.body), network, x)
        assert [(tuple(one.shape)) for one in layers] == [(2, c, edge, edge) for c, edge in SHAPES[name]]
        assert [one.shape[1] for one in outputs(expansions, network, x)] == EXPANDED[name]
        assert network.forward_features(x).shape == (2, 960, edge, edge)
        assert network(x).shape == (2, 10)


@pytest.mark.parametrize("training", [False, True], ids=["eval", "training"])
def test_an_odd_image_of_other_channels_passes(training: bool) -> None:
    network = hadaptive_net_s(num_classes=7, in_chans=1, backend="torch_eager").train(training)
    assert network(random(2, 1, 67, 33)).shape == (2, 7)


@pytest.mark.parametrize(("make", "least"), [(hadaptive_net_s, 32), (hadaptive_net_m, 32), (hadaptive_net_l, 64)])
def test_the_smallest_image_passes_and_a_smaller_one_names_both_sizes(
    make: Callable[..., HadaptiveNet], least: int
) -> None:
    network = make().to("meta").eval()
    with torch.no_grad(), Kept():
        assert network(torch.empty(1, 3, least, least, device="meta")).shape == (1, 100)
    for shape in ((1, 3, least - 1, least), (1, 3, least, least - 1)):
        with pytest.raises(ValueError, match=rf"the image is {shape[2]}x{shape[3]}.*at least {least}x{least}"):
            network(torch.empty(shape, device="meta"))


@pytest.fixture(scope="module")
def exact() -> tuple[HadaptiveNet, Tensor, Tensor]:
    """S in float64, where no two scores are near enough for rounding to reorder them; an image; its result."""
    network, x = drawn(hadaptive_net_s(backend="torch_eager")).double(), random(2, 3, 61, 47, dtype=torch.float64)
    with torch.no_grad():
        return network, x, network(x)


@pytest.mark.parametrize("backend", BACKENDS[1:])
def test_results_do_not_depend_on_the_backend(backend: str, exact: tuple[HadaptiveNet, Tensor, Tensor]) -> None:
    network, x, want = copy.deepcopy(exact[0]), exact[1], exact[2]
    use_backend(network, backend)
    assert {one.backend for one in network.modules() if isinstance(one, ACH)} == {backend}
    with torch.no_grad():
        torch.testing.assert_close(network(x), want, rtol=1e-9, atol=1e-9)


@pytest.mark.usefixtures("simulated")
@pytest.mark.skipif(torch.cuda.is_available(), reason="a GPU is here: the kernels run on it")
def test_results_are_those_of_a_gpus_backend_too() -> None:
    pytest.importorskip("triton", reason="triton is not installed")
    network, x = drawn(build(TINY, 3, backend="torch_eager")), random(1, 3, 5, 4)
    want = network(x)
    use_backend(network, "triton_jit")
    torch.testing.assert_close(network(x), want)


def test_batch_mates_do_not_change_a_result() -> None:
    network, x = drawn(build(TINY, 3, backend="torch_eager")).double(), random(3, 3, 9, 7, dtype=torch.float64)
    alone = torch.cat([network(x[at : at + 1]) for at in range(3)])
    torch.testing.assert_close(network(x), alone, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", SHAPES)
def test_features_only_gives_the_last_map_of_every_resolution(name: str) -> None:
    network = hadaptive_net(name, features_only=True).to("meta").eval()
    with torch.no_grad(), Kept():
        actual = network(torch.empty(1, 3, 192, 128, device="meta"))
    described = [(1, one.channels, 192 // one.reduction, 128 // one.reduction) for one in network.feature_maps]
    assert [tuple(one.shape) for one in actual] == described
    assert [one.reduction for one in network.feature_maps] == [2, 4, 8, 16, 32, 64][: len(actual)]
    assert [one.channels for one in network.feature_maps] == [
        channels
        for at, (channels, edge) in enumerate(SHAPES[name])
        if edge not in {e for _, e in SHAPES[name][at + 1 :]}
    ]
    assert not any("head" in key or "widen" in key for key in network.state_dict())


def test_the_last_map_is_what_the_classifier_widens() -> None:
    network, x = drawn(build(TINY, 3, backend="torch_eager")), random(1, 3, 9, 7)
    assert torch.equal(network.forward_features(x), network.widen(network.maps(x)[-1]))


def test_a_step_of_training_reaches_every_parameter() -> None:
    network = build(TINY, 3, backend="torch_eager")
    loss = nn.functional.cross_entropy(network(random(5, 3, 9, 7)), torch.tensor([0, 1, 2, 0, 1]))
    loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
    assert all(one.grad is not None and one.grad.isfinite().all() for one in network.parameters())


def test_a_whole_network_compiles_to_one_graph() -> None:
    network, x = drawn(build(TINY, 3, backend="torch_eager")), random(2, 3, 9, 7)
    torch._dynamo.reset()
    compiled = torch.compile(network, backend="aot_eager", fullgraph=True, dynamic=False)
    torch.testing.assert_close(compiled(x), network(x))


BAD = [
    ({"num_classes": 0}, "num_classes is 0; expected a whole number of at least 1"),
    ({"in_chans": -3}, "in_chans is -3"),
    ({"backend": "cpp"}, "no backend 'cpp' of cross_hadamard"),
]


@pytest.mark.parametrize(("arguments", "says"), BAD, ids=[case[1] for case in BAD])
def test_what_cannot_be_built_is_refused(arguments: dict[str, object], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        build(TINY, **arguments)  # type: ignore[arg-type]  # of several types


def test_more_selected_channels_than_there_are_names_the_layer() -> None:
    config = NetworkConfig((Convolution(5), HadaBottleneck(7, k=6)))
    with pytest.raises(UsageError, match=r"layer 1 \(HadaBottleneck\): cannot select k = 6 of 5 channels"):
        build(config)


def test_an_unknown_variant_names_those_that_exist() -> None:
    with pytest.raises(UsageError, match=r"no variant 'hadaptive_net_xs'.*there are: hadaptive_net_l"):
        hadaptive_net("hadaptive_net_xs")


@pytest.mark.parametrize("shape", [(1, 1, 9, 9), (3, 9, 9)], ids=str)
def test_an_image_of_other_channels_names_both(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"x has shape \(.*\); this network takes \(B, 3, H, W\)"):
        build(TINY)(torch.empty(shape))
