"""The least arithmetic and traffic of the networks, layer by layer from their configurations.

The convention is that of `impls.expansion.operation_counts`, which both counters agree with. A training step adds for
every convolution and matrix product the gradient of its weight and of its input, but for that of the image; for every
pair two multiply-adds, as the product's own gradient; and every elementwise operation once more, for its slope.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from impls.cross_hadamard.pairs import pair_count
from impls.expansion.ach.scene import TAPS
from impls.expansion.operation_counts import BATCH_NORM, DYSOFT, HARDSWISH
from impls.hadaptive.blocks import depthwise_kernel
from impls.hadaptive.config import Convolution, GhostBottleneck, Layer, NetworkConfig
from impls.network.variants import CLASSES, config_of
from impls.seeded import itemsize
from opbench import Work

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from opbench import Point


@dataclass
class Tally:
    """Of one sample. `edge`: of the map that the next layer reads."""

    edge: int
    macs: int = 0
    products: int = 0
    elementwise: int = 0

    def convolution(
        self, c1: int, c2: int, kernel: int = 1, stride: int = 1, *, groups: int = 1, active: bool = True
    ) -> None:
        """With its BatchNorm and activation."""
        self.edge = (self.edge + 2 * ((kernel - 1) // 2) - kernel) // stride + 1
        outputs = c2 * self.edge**2
        self.macs += outputs * kernel**2 * (c1 // groups)
        self.elementwise += (BATCH_NORM + HARDSWISH * active) * outputs

    def ghost(self, channels: int, expanded: int) -> None:
        half = -(-expanded // 2)
        self.convolution(channels, half)
        self.convolution(half, half, 3, groups=half, active=False)

    def ach(self, channels: int, k: int, norm: int) -> None:
        pixels = self.edge**2
        self.convolution(channels, channels, active=False)
        self.macs += len(TAPS) * channels
        self.elementwise += channels * pixels  # the means
        self.products += pair_count(k) * pixels
        self.elementwise += norm * pair_count(k) * pixels

    def layer(self, channels: int, layer: Layer) -> None:
        if isinstance(layer, Convolution):
            self.convolution(channels, layer.channels, layer.kernel, layer.stride, active=layer.activation)
            return
        if isinstance(layer, GhostBottleneck):
            wide = int(channels * layer.ratio)
            self.ghost(channels, wide)
        else:
            wide = channels + pair_count(layer.k)
            self.ach(channels, layer.k, BATCH_NORM if layer.norm == "bn" else DYSOFT)
        self.convolution(wide, wide, depthwise_kernel(layer.kernel, layer.stride), layer.stride, groups=wide)
        self.convolution(wide, layer.channels, active=False)
        if layer.stride == 1 and channels == layer.channels:
            self.elementwise += channels * self.edge**2

    def head(self, config: NetworkConfig) -> None:
        self.convolution(config.layers[-1].channels, config.width)
        self.elementwise += config.width * self.edge**2 + HARDSWISH * config.hidden
        self.macs += config.width * config.hidden + config.hidden * CLASSES


def tally(config: NetworkConfig, edge: int, channels: int = 3) -> Tally:
    """One sample's forward pass."""
    counts = Tally(edge)
    for layer in config.layers:
        counts.layer(channels, layer)
        channels = layer.channels
    counts.head(config)
    return counts


def work_of(point: Point, shapes: Mapping[str, tuple[int, ...]], trained: Iterable[str]) -> Work:
    """Counts a forward pass, or a whole training step.

    shapes: of all inputs.
    trained: names of those whose gradients a training step writes.
    """
    config, batch, edge = config_of(point.operator), point.axes["batch"], point.axes["edge"]
    forward = tally(config, edge)
    macs, elementwise, written = batch * forward.macs, batch * forward.elementwise, batch * CLASSES
    if point.mode == "backward":
        first = Tally(edge)
        first.layer(3, config.layers[0])
        macs = 3 * macs - batch * first.macs + 2 * batch * forward.products
        elementwise *= 2
        written = sum(math.prod(shapes[name]) for name in trained)
    size = itemsize(point)
    read = size * sum(map(math.prod, shapes.values()))
    return Work(macs, batch * forward.products, elementwise, read, size * written)
