"""The ACH operators within a network, each shape with how often it comes: from which its gain can be predicted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from impls.hadaptive.blocks import depthwise_kernel
from impls.hadaptive.config import Convolution, HadaBottleneck, Layer
from impls.network.variants import config_of
from opbench import Axes, Part


def parts_of(operator: str, axes: Mapping[str, int]) -> tuple[Part, ...]:
    """For the network's own axes, those of `ach_select_expand`, in the order they first come."""
    counts = Counter(
        _of(layer, axes, channels, edge)
        for layer, channels, edge in placed_layers(operator, axes["edge"])
        if isinstance(layer, HadaBottleneck)
    )
    return tuple(Part("ach_select_expand", part_axes, count) for part_axes, count in counts.items())


def _of(layer: HadaBottleneck, axes: Mapping[str, int], channels: int, edge: int) -> Axes:
    return Axes(
        {
            "batch": axes["batch"],
            "channels": channels,
            "edge": edge,
            "selected": layer.k,
            "batchnorm": int(layer.norm == "bn"),
            "threads": axes.get("threads", 0),
        }
    )


def placed_layers(operator: str, edge: int) -> Iterator[tuple[Layer, int, int]]:
    """Each layer of a network's body with the channels and the edge of its input. edge: of the image."""
    channels = 3
    for layer in config_of(operator).layers:
        yield layer, channels, edge
        edge, channels = _edge_behind(layer, edge), layer.channels


def _edge_behind(layer: Layer, edge: int) -> int:
    """The edge of a layer's output: a convolution of stride s is 2x2 without padding where s is 2."""
    stride, kernel = layer.stride, layer.kernel
    if not isinstance(layer, Convolution):
        kernel = depthwise_kernel(kernel, stride)
    return (edge + 2 * ((kernel - 1) // 2) - kernel) // stride + 1
