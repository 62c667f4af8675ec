"""Layers against the definition in float64, at sizes that are no multiple of anything."""

from __future__ import annotations

from dataclasses import replace

import pytest
from torch.nn import functional as F  # noqa: N812

from impls.inference import layers

from .drawn import Ach, Ghost, agrees, drawn, nchw, nhwc

pytestmark = pytest.mark.compiler

MAPS = [(1, 7, 7), (2, 5, 9), (1, 1, 1), (3, 2, 3), (0, 4, 4), (1, 23, 16)]
WINDOWS = [
    ((3, 3), 1),
    ((5, 5), 1),
    ((7, 7), 1),
    ((2, 2), 2),
    ((4, 4), 1),
    ((3, 5), 1),
    ((3, 3), 2),
    ((5, 5), 3),
    ((1, 1), 1),
]


@pytest.mark.parametrize("batch_height_width", MAPS)
@pytest.mark.parametrize("k", [0, 1, 2, 5, 16, 19])
def test_an_ach_bottleneck_is_the_definition(vectors: str, batch_height_width: tuple[int, int, int], k: int) -> None:
    case = Ach(k=k)
    x = drawn(*batch_height_width, case.channels)
    for threads in (1, 2, 3):
        assert agrees(case.layer()(x, threads=threads), case.reference(x))


@pytest.mark.parametrize(("kernel", "stride"), WINDOWS)
@pytest.mark.parametrize(
    "kind", [Ach(channels=37, k=33, outputs=70), Ghost(), Ghost(channels=65, expanded=259, outputs=67)]
)
def test_every_window_filters_as_the_definition(
    vectors: str, kind: Ach | Ghost, kernel: tuple[int, int], stride: int
) -> None:
    case = replace(kind, kernel=kernel, stride=stride)
    x = drawn(2, 15, 11, case.channels)
    for threads in (1, 2):
        assert agrees(case.layer()(x, threads=threads), case.reference(x))


@pytest.mark.parametrize("k", [17, 24, 32, 36])
@pytest.mark.parametrize("norm", ["softsign", "sigmoid", "algebraic", "tanh", "identity"])
def test_every_normaliser_and_number_of_chosen_channels(vectors: str, norm: str, k: int) -> None:
    case = Ach(channels=40, k=k, norm=norm, residual=True)
    x = drawn(1, 7, 8, case.channels)
    assert agrees(case.layer()(x, threads=2), case.reference(x))


@pytest.mark.parametrize("mix", ["matrix", "scale", "bias"])
def test_channels_are_mixed_by_a_matrix_a_scale_or_a_bias(vectors: str, mix: str) -> None:
    case = Ach(channels=83, k=6, mix=mix, kernel=(5, 5))
    x = drawn(2, 6, 7, case.channels)
    layer = case.layer()
    assert layer.selected(x).equal(case.index(x))
    assert agrees(layer(x, threads=2), case.reference(x))


@pytest.mark.parametrize("batch_height_width", MAPS)
@pytest.mark.parametrize("residual", [False, True])
def test_a_ghost_bottleneck_is_the_definition(
    vectors: str, batch_height_width: tuple[int, int, int], residual: bool
) -> None:
    for case in (Ghost(residual=residual), Ghost(channels=1, expanded=1, outputs=1), Ghost(channels=64, expanded=128)):
        x = drawn(*batch_height_width, case.channels)
        for threads in (1, 2, 3):
            assert agrees(case.layer()(x, threads=threads), case.reference(x))


@pytest.mark.parametrize(
    ("kernel", "stride", "padding"), [(1, 1, 0), (1, 2, 0), (2, 2, 0), (3, 1, 1), (4, 4, 0), (3, 2, 2)]
)
@pytest.mark.parametrize("image", [False, True])
def test_a_convolution_is_that_of_torch(vectors: str, kernel: int, stride: int, padding: int, image: bool) -> None:
    for channels, outputs in ((3, 33), (17, 70), (1, 1)):
        weight, bias = drawn(outputs, channels, kernel, kernel), drawn(outputs)
        for hardswish in (False, True):
            layer = layers.convolution(
                weight, bias, stride=stride, padding=padding, hardswish=hardswish, image_nchw=image
            )
            x = drawn(2, 11, 9, channels)
            expected = F.conv2d(nchw(x), weight.double(), bias.double(), stride, padding)
            expected = nhwc(F.hardswish(expected) if hardswish else expected)
            given = x.permute(0, 3, 1, 2).contiguous() if image else x
            for threads in (1, 2):
                assert agrees(layer(given, threads=threads), expected)


def test_a_classifier_is_its_definition(vectors: str) -> None:
    weights = drawn(130, 67) / 8, drawn(130), drawn(19, 130) / 11, drawn(19)
    layer = layers.classifier(*weights)
    for batch in (0, 1, 9):
        x = drawn(batch, 3, 5, 67)
        hide, hide_bias, classify, classify_bias = (w.double() for w in weights)
        hidden = F.hardswish(F.linear(x.double().mean((1, 2)), hide, hide_bias))
        expected = F.linear(hidden, classify, classify_bias)[:, None, None]
        for threads in (1, 2):
            assert agrees(layer(x, threads=threads), expected)


def test_a_network_is_its_layers_one_after_the_other(vectors: str) -> None:
    stem = layers.convolution(drawn(13, 3, 2, 2), drawn(13), stride=2, image_nchw=True)
    parts = [Ghost(outputs=19).layer(), Ach(residual=True).layer()]
    head = layers.classifier(drawn(5, 19), drawn(5), drawn(4, 5), drawn(4))
    net = layers.network([stem, *parts, head])
    x = drawn(2, 3, 18, 14)
    expected = x
    for layer in (stem, *parts, head):
        expected = layer(expected, threads=1)
    assert net.output_shape(x.shape) == (2, 1, 1, 4)
    for threads in (1, 2, 3):
        assert net(x, threads=threads).equal(expected)
    del stem, parts, head
    assert net(x, threads=2).equal(expected)  # it keeps what it is made of
