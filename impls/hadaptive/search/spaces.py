"""The spaces that can be searched, by name: one for each question that a table of the paper answers, and all at once.

They are made around a network, the S network of Table 9, and hold it: searching asks whether its layers are the right
ones. Channels and strides stay. A stride-2 block has one kernel, 2: the paper's space has 3 there too, but the
published block takes 2 whatever it is told (`blocks.depthwise_kernel`): it would be the same candidate twice.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from impls.hadaptive.config import Convolution, GhostBottleneck, HadaBottleneck, Layer, NetworkConfig
from impls.hadaptive.search.space import Candidate, Place, Space
from opbench.errors import UsageError, unknown

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
    "norms": Alternatives("Table 3: Ghost, Hada by norm", norms=("dysoft", "dysig", "dyalge"), blank=False),
    "kernels": Alternatives("Table 10: Ghost, Hada by kernel, blank", kernels=(3, 5, 7)),
    "sizes": Alternatives(
        "Table 11: Hada by k and kernel", ghost=False, selected=(16, 32, 48), kernels=(3, 5), blank=False, late=True
    ),
    "depth": Alternatives("Table 12: Hada by k, blank", ghost=False, selected=(16, 32, 48), late=True),
}


def search_space(name: str, network: NetworkConfig, divisor: int = 1) -> Space:
    """The space called `name` around `network`, whose channels have been divided by `divisor`; k is too.

    Raises UsageError for an unknown name and for a k that does not divide into one of at least 2.
    """
    if name not in ALTERNATIVES:
        raise unknown("search space", str(name), ALTERNATIVES)
    offered = ALTERNATIVES[name]
    selected = tuple(_divided("k", k, divisor) for k in offered.selected)
    return around(network, dataclasses.replace(offered, selected=selected))


def around(network: NetworkConfig, offered: Alternatives) -> Space:
    """The space of `network` with every bottleneck's alternatives; convolutions are fixed."""
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
        ratio = layer.ratio if isinstance(layer, GhostBottleneck) else RATIO
        yield from (GhostBottleneck(channels, ratio, kernel, stride) for kernel in kernels)
    for k in offered.selected or (_nearest_k(network.layers, at),):
        for kernel in kernels:
            yield from (HadaBottleneck(channels, k, kernel, stride, norm) for norm in offered.norms)
    if offered.blank and keeps:
        yield None


def _nearest_k(layers: tuple[Layer, ...], at: int) -> int:
    for layer in (*layers[at:], *reversed(layers[:at])):
        if isinstance(layer, HadaBottleneck):
            return layer.k
    raise UsageError("a network without Hada blocks says no k for them; name some in Alternatives.selected")


def reduced(network: NetworkConfig, divisor: int = 1, *, fine_stem: bool = False) -> NetworkConfig:
    """The network with channels, k, width and hidden units divided by `divisor`, rounded down.

    fine_stem: for images of few pixels, the convolutions before the first bottleneck keep the edge: 3x3 at stride 1 for
    those of stride 2. Ratios, kernels and everything else stay. Raises UsageError for a divisor that leaves no channel,
    or a k below 2.
    """
    kinds = [isinstance(layer, Convolution) for layer in network.layers]
    body = kinds.index(False) if False in kinds else len(kinds)
    layers = [_smaller(layer, divisor, fine=fine_stem and at < body) for at, layer in enumerate(network.layers)]
    width, hidden = _divided("width", network.width, divisor), _divided("hidden", network.hidden, divisor)
    return dataclasses.replace(network, layers=tuple(layers), width=width, hidden=hidden)


def _smaller(layer: Layer, divisor: int, *, fine: bool) -> Layer:
    channels = _divided("channels", layer.channels, divisor)
    if isinstance(layer, HadaBottleneck):
        return dataclasses.replace(layer, channels=channels, k=_divided("k", layer.k, divisor))
    if isinstance(layer, Convolution) and fine and layer.stride > 1:
        return dataclasses.replace(layer, channels=channels, kernel=3, stride=1)
    return dataclasses.replace(layer, channels=channels)


def _divided(what: str, value: int, divisor: int) -> int:
    least = 2 if what == "k" else 1
    if divisor < 1 or value // divisor < least:
        raise UsageError(
            f"{what} {value} cannot be divided by {divisor}; expected a whole number from 1 to {value // least}"
        )
    return value // divisor
