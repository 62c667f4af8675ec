"""C++: the whole block in one call, a tile of rows at a time, so that what is expanded stays in the nearest caches.

Its maps are channels last. A channels-first x is brought into that order in every call, and the output back.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import torch

from impls import native
from impls.bottlenecks.folded import folded, pairs_norm
from impls.bottlenecks.geometry_of import geometry_of
from impls.threads import threads_of, use_threads
from opbench import Backend

if TYPE_CHECKING:
    from torch import Tensor

    from impls.inference.layers import Layer
    from opbench import Inputs, Launch, Point


def prepare(point: Point, inputs: Inputs, _: Tensor | None, __: str) -> Launch:
    """Weights are packed here, once, as in a network that was prepared."""
    use_threads(point.axes)
    layer, threads = layer_of(point, inputs), threads_of(point.axes)
    last = point.axes["layout"] == "channels_last"
    launch = partial(_channels_last if last else _channels_first, layer, inputs["x"], threads)
    launch()
    return launch


def layer_of(point: Point, inputs: Inputs) -> Layer:
    """The block as a layer of `impls.inference.layers`, from the point's trained parameters.

    Raises UsageError where there is no such layer, MachineError where the library cannot be built.
    """
    from impls.inference import layers

    size = geometry_of(point)
    (depthwise, depthwise_bias), (project, project_bias) = (folded(inputs, name) for name in ("depthwise", "project"))
    behind = depthwise[:, 0], depthwise_bias, project.flatten(1), project_bias
    if point.operator == "ach_bottleneck":
        mix, mix_bias = folded(inputs, "mix")
        norm, alpha, weight, bias = pairs_norm(inputs)
        chosen = inputs["taps"].flatten(), point.axes["selected"], norm, float(alpha), weight, bias
        return layers.ach_bottleneck(
            mix.flatten(1), mix_bias, *chosen, *behind, stride=size.stride, residual=size.residual
        )
    primary, primary_bias = folded(inputs, "primary")
    cheap, cheap_bias = folded(inputs, "cheap")
    expanded = primary.flatten(1), primary_bias, cheap[:, 0], cheap_bias, size.expanded
    return layers.ghost_bottleneck(*expanded, *behind, stride=size.stride, residual=size.residual)


def _channels_last(layer: Layer, x: Tensor, threads: int) -> Tensor:
    return layer(x.permute(0, 2, 3, 1), threads=threads).permute(0, 3, 1, 2)


def _channels_first(layer: Layer, x: Tensor, threads: int) -> Tensor:
    y = layer(x.contiguous(memory_format=torch.channels_last).permute(0, 2, 3, 1), threads=threads)
    return y.permute(0, 3, 1, 2).contiguous()


def unavailable(_: str) -> str | None:
    return native.why_not()


BACKEND = Backend(
    about="the whole block in one call of C++, channels last",
    prepare=prepare,
    devices=frozenset({"cpu"}),
    dtypes=frozenset({"float32"}),
    rank=10,
    look=("#0072B2", "o"),
    unavailable=unavailable,
)
