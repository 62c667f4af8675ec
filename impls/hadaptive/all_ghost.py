"""The network without the cross-Hadamard product, as the paper compares with (appendix A.6): Ghost in every place."""

from __future__ import annotations

import dataclasses
import math

from impls.cross_hadamard.pairs import pair_count
from impls.hadaptive.config import GhostBottleneck, HadaBottleneck, Layer, NetworkConfig
from opbench.errors import UsageError


def all_ghost(config: NetworkConfig) -> NetworkConfig:
    """`config` with every HadaBottleneck replaced by a GhostBottleneck that expands to as many channels.

    So the two have equal shapes in every layer. Raises UsageError where the first layer is a HadaBottleneck, because
    what it expands is the image, whose channels a configuration does not say.
    """
    layers = [
        _ghost(at, layer, config.layers[at - 1].channels if at else None) for at, layer in enumerate(config.layers)
    ]
    return dataclasses.replace(config, layers=tuple(layers))


def _ghost(at: int, layer: Layer, channels: int | None) -> Layer:
    if not isinstance(layer, HadaBottleneck):
        return layer
    if channels is None:
        raise UsageError(f"layer {at} is a HadaBottleneck on the image; expected a layer before it that says channels")
    wide = channels + pair_count(layer.k)
    ratio = wide / channels
    if int(channels * ratio) < wide:  # the quotient was rounded down
        ratio = math.nextafter(ratio, math.inf)
    return GhostBottleneck(layer.channels, ratio, layer.kernel, layer.stride)
