"""Spaces that are made around a network: every bottleneck of it with the same alternatives.

They hold the network they are made around: searching asks whether its layers are the right ones. Channels and strides
stay. A stride-2 block has one kernel, 2: the published block takes 2 whatever it is told (`blocks.depthwise_kernel`),
and another would be the same candidate twice. (The tables' own spaces have it twice: see `tables`.)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from impls.hadaptive.config import Convolution, GhostBottleneck, HadaBottleneck, Layer, NetworkConfig
from impls.hadaptive.search.space import Candidate, Place, Space
from opbench.errors import UsageError

RATIO = 2.0
"""Of the Ghost block offered in place of a Hada block: what Table 9 gives every Ghost block of stride 1."""


@dataclass(frozen=True)
class Alternatives:
    """What is offered in place of each bottleneck. An empty tuple keeps what the layer has in the network.

    A Ghost block has no k and no norm; offered a Hada block, its k is that of the nearest Hada block after it, or
    before where there is none.
    """

    about: str
    ghost: bool = True
    selected: tuple[int, ...] = ()
    """k of Hada blocks, for a network at full width."""
    kernels: tuple[int, ...] = ()
    """At stride 1."""
    norms: tuple[str, ...] = ("dysoft",)
    blank: bool = True
    late: bool = False
    """Only layers of stride 1 from the first Hada block on; the rest is fixed."""


ALTERNATIVES: Mapping[str, Alternatives] = {
    "full": Alternatives("Ghost, Hada by k and kernel, blank", selected=(16, 32), kernels=(3, 5, 7)),
    "late": Alternatives(
        "the same, in the stride-1 layers from the first Hada block on", selected=(16, 32), kernels=(3, 5, 7), late=True
    ),
}


def around(network: NetworkConfig, offered: Alternatives) -> Space:
    """The space of `network` with every bottleneck's alternatives; convolutions are fixed.

    Raises UsageError for a network without Hada blocks where `offered` names no k.
    """
    first = next((at for at, layer in enumerate(network.layers) if isinstance(layer, HadaBottleneck)), 0)
    places = []
    for at, layer in enumerate(network.layers):
        fixed = isinstance(layer, Convolution) or (offered.late and (at < first or layer.stride > 1))
        keeps = at > 0 and layer.stride == 1 and layer.channels == network.layers[at - 1].channels
        places.append(Place((layer,) if fixed else tuple(_offered(network, at, offered, keeps=keeps))))
    return Space(tuple(places), network.width, network.hidden, network.dropout)


def _offered(network: NetworkConfig, at: int, offered: Alternatives, *, keeps: bool) -> Iterator[Candidate]:
    layer = network.layers[at]
    assert not isinstance(layer, Convolution)
    channels, stride = layer.channels, layer.stride
    kernels = offered.kernels if stride == 1 and offered.kernels else (layer.kernel,)
    if offered.ghost:
        ratio = ghost_ratio(layer)
        yield from (GhostBottleneck(channels, ratio, kernel, stride) for kernel in kernels)
    for k in offered.selected or (nearest_k(network.layers, at),):
        for kernel in kernels:
            yield from (HadaBottleneck(channels, k, kernel, stride, norm) for norm in offered.norms)
    if offered.blank and keeps:
        yield None


def ghost_ratio(layer: Layer) -> float:
    """Of the Ghost block in place of `layer`: its own, where it is one."""
    return layer.ratio if isinstance(layer, GhostBottleneck) else RATIO


def nearest_k(layers: tuple[Layer, ...], at: int) -> int:
    """k of layer `at`, or of the nearest Hada block after it, or before where there is none. UsageError without any."""
    for layer in (*layers[at:], *reversed(layers[:at])):
        if isinstance(layer, HadaBottleneck):
            return layer.k
    raise UsageError("a network without Hada blocks says no k for them; name some in Alternatives.selected")
