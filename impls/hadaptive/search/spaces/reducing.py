"""The same network narrower, and with a stem for images of few pixels: what a search on two cores is made around."""

from __future__ import annotations

import dataclasses

from impls.hadaptive.config import Convolution, HadaBottleneck, Layer, NetworkConfig
from opbench.errors import UsageError


def reduced(network: NetworkConfig, divisor: int = 1, *, fine_stem: bool = False) -> NetworkConfig:
    """The network with channels, k, width and hidden units divided by `divisor`, rounded down.

    fine_stem: for images of few pixels, the convolutions before the first bottleneck keep the edge: 3x3 at stride 1 for
    those of stride 2. Ratios, kernels and everything else stay. Raises UsageError for a divisor that leaves no channel,
    or a k below 2.
    """
    kinds = [isinstance(layer, Convolution) for layer in network.layers]
    body = kinds.index(False) if False in kinds else len(kinds)
    layers = [_smaller(layer, divisor, fine=fine_stem and at < body) for at, layer in enumerate(network.layers)]
    width, hidden = divided("width", network.width, divisor), divided("hidden", network.hidden, divisor)
    return dataclasses.replace(network, layers=tuple(layers), width=width, hidden=hidden)


def _smaller(layer: Layer, divisor: int, *, fine: bool) -> Layer:
    channels = divided("channels", layer.channels, divisor)
    if isinstance(layer, HadaBottleneck):
        return dataclasses.replace(layer, channels=channels, k=divided("k", layer.k, divisor))
    if isinstance(layer, Convolution) and fine and layer.stride > 1:
        return dataclasses.replace(layer, channels=channels, kernel=3, stride=1)
    return dataclasses.replace(layer, channels=channels)


def divided(what: str, value: int, divisor: int) -> int:
    """value / divisor, rounded down. Raises UsageError where that leaves nothing; of `k`, fewer than a pair."""
    least = 2 if what == "k" else 1
    if divisor < 1 or value // divisor < least:
        raise UsageError(
            f"{what} {value} cannot be divided by {divisor}; expected a whole number from 1 to {value // least}"
        )
    return value // divisor
