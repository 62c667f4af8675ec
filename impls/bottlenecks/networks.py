"""The bottlenecks within Hadaptive-Net: each shape with how often it comes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from impls.hadaptive.blocks import depthwise_kernel
from impls.hadaptive.config import Convolution, GhostBottleneck, HadaBottleneck
from impls.network.parts import placed_layers
from opbench import Axes, Part, catalog


def bottlenecks_of(network: str, axes: Mapping[str, int]) -> tuple[Part, ...]:
    """Of `hadaptive_s`, `_m` or `_l` at its own axes, those of both operators, in the order they first come."""
    counts = Counter(
        _of(layer, axes, channels, edge)
        for layer, channels, edge in placed_layers(network, axes["edge"])
        if not isinstance(layer, Convolution)
    )
    return tuple(Part(operator, part_axes, count) for (operator, part_axes), count in counts.items())


def _of(layer: GhostBottleneck | HadaBottleneck, axes: Mapping[str, int], channels: int, edge: int) -> tuple[str, Axes]:
    shared = {
        "batch": axes["batch"],
        "channels": channels,
        "out_channels": layer.channels,
        "edge": edge,
        "kernel": depthwise_kernel(layer.kernel, layer.stride),
        "stride": layer.stride,
        "threads": axes.get("threads", 0),
    }
    if isinstance(layer, GhostBottleneck):
        name, own = "ghost_bottleneck", {"ratio": layer.ratio}
    else:
        name, own = "ach_bottleneck", {"selected": layer.k, "batchnorm": int(layer.norm == "bn")}
    return name, catalog.operator(name).complete({**shared, **own})
