"""Hadaptive-Net: any configuration as a module, and the paper's three by name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from torch import Tensor, nn

from impls.cross_hadamard.kernels import check_name
from impls.cross_hadamard.pairs import pair_count
from impls.hadaptive.ach import ACH
from impls.hadaptive.blocks import CNA, AdaptiveBottleneck, Ghost, Head
from impls.hadaptive.config import Convolution, GhostBottleneck, HadaBottleneck, Layer, NetworkConfig
from impls.hadaptive.variants import variant
from opbench.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True)
class FeatureMap:
    """One of the maps that `features_only` returns."""

    channels: int
    reduction: int
    """Edge of the image over edge of the map."""
    layer: int
    """The position in `body` of the layer it comes from: the last at this resolution."""


class HadaptiveNet(nn.Module):
    """(B, in_chans, H, W) to scores (B, num_classes), or with `features_only` to a list of maps, widest first.

    config: the architecture.
    backend: of the cross-Hadamard products, any name `cross_hadamard` takes.
    features_only: no classifier; one map for each resolution, described by `feature_maps`.

    Parts: `body`, one module for each layer of the configuration, `widen`, `head`.
    Raises UsageError for sizes below 1, k above a layer's channels, and unknown names; in `forward` ValueError for
    other channels, and for an image smaller than the product of all strides (`config.reduction`).
    """

    def __init__(
        self,
        config: NetworkConfig,
        *,
        num_classes: int = 100,
        in_chans: int = 3,
        backend: str = "auto",
        features_only: bool = False,
    ) -> None:
        super().__init__()
        _check_counts(num_classes=num_classes, in_chans=in_chans)
        check_name(backend)
        self.config, self.in_chans, self.features_only = config, in_chans, features_only
        self.num_classes, self.reduction = num_classes, config.reduction
        self.feature_maps = tuple(_feature_maps(config))
        inputs = (in_chans, *(layer.channels for layer in config.layers))
        self.body = nn.Sequential(*(_built(at, layer, inputs[at], backend) for at, layer in enumerate(config.layers)))
        if not features_only:
            self.widen = CNA(inputs[-1], config.width)
            self.head = Head(config.width, num_classes, config.hidden, config.dropout)

    def forward(self, x: Tensor) -> Tensor | list[Tensor]:
        if self.features_only:
            return self.maps(x)
        scores: Tensor = self.head(self.forward_features(x))
        return scores

    def forward_features(self, x: Tensor) -> Tensor:
        """(B, width, H', W'), what the classifier takes the mean of. Not there with `features_only`."""
        self.check_image(x)
        features: Tensor = self.widen(self.body(x))
        return features

    def maps(self, x: Tensor) -> list[Tensor]:
        """The last map at each resolution, before `widen`: see `feature_maps`."""
        self.check_image(x)
        layers, maps = {info.layer for info in self.feature_maps}, []
        for at, layer in enumerate(self.body):
            x = layer(x)
            if at in layers:
                maps.append(x)
        return maps

    def check_image(self, x: Tensor) -> None:
        """Raises ValueError for other channels than `in_chans` and for an image smaller than the strides."""
        if x.dim() != 4 or x.shape[1] != self.in_chans:
            raise ValueError(f"x has shape {tuple(x.shape)}; this network takes (B, {self.in_chans}, H, W)")
        height, width, least = x.shape[2], x.shape[3], self.reduction
        if height < least or width < least:
            raise ValueError(
                f"the image is {height}x{width}, and this network's strides divide edges by {least}; "
                f"expected at least {least}x{least}"
            )


def build(
    config: NetworkConfig,
    num_classes: int = 100,
    in_chans: int = 3,
    backend: str = "auto",
    *,
    features_only: bool = False,
) -> HadaptiveNet:
    """The network of a configuration, one of `variants` or a searched one; arguments and errors as HadaptiveNet's."""
    return HadaptiveNet(
        config, num_classes=num_classes, in_chans=in_chans, backend=backend, features_only=features_only
    )


def hadaptive_net(
    name: str, num_classes: int = 100, in_chans: int = 3, backend: str = "auto", *, features_only: bool = False
) -> HadaptiveNet:
    """The network called `hadaptive_net_s`, `_m` or `_l`; beside HadaptiveNet's errors, UsageError for another name."""
    return build(variant(name), num_classes, in_chans, backend, features_only=features_only)


def hadaptive_net_s(
    num_classes: int = 100, in_chans: int = 3, backend: str = "auto", *, features_only: bool = False
) -> HadaptiveNet:
    """Table 9: 2.10 M parameters, 131 M MACs at 100 classes and 224x224; images of 32x32 or more."""
    return hadaptive_net("hadaptive_net_s", num_classes, in_chans, backend, features_only=features_only)


def hadaptive_net_m(
    num_classes: int = 100, in_chans: int = 3, backend: str = "auto", *, features_only: bool = False
) -> HadaptiveNet:
    """3.10 M parameters, 339 M MACs at 100 classes and 224x224; images of 32x32 or more."""
    return hadaptive_net("hadaptive_net_m", num_classes, in_chans, backend, features_only=features_only)


def hadaptive_net_l(
    num_classes: int = 100, in_chans: int = 3, backend: str = "auto", *, features_only: bool = False
) -> HadaptiveNet:
    """6.11 M parameters, 669 M MACs at 100 classes and 224x224; images of 64x64 or more."""
    return hadaptive_net("hadaptive_net_l", num_classes, in_chans, backend, features_only=features_only)


def built(layer: Layer, channels: int, backend: str = "auto") -> nn.Module:
    """The module of one layer with `channels` input channels. Raises UsageError as HadaptiveNet does."""
    if isinstance(layer, Convolution):
        return CNA(channels, layer.channels, layer.kernel, layer.stride, activation=layer.activation)
    expand, expanded = _expansion(layer, channels, backend)
    return AdaptiveBottleneck(channels, layer.channels, expand, expanded, layer.kernel, layer.stride)


def _expansion(layer: GhostBottleneck | HadaBottleneck, channels: int, backend: str) -> tuple[nn.Module, int]:
    if isinstance(layer, GhostBottleneck):
        expanded = int(channels * layer.ratio)
        return Ghost(channels, expanded), expanded
    ach = ACH(
        channels,
        layer.k,
        norm=layer.norm,
        selection=layer.selection,
        pointwise=layer.pointwise,
        backend=backend,
    )
    return ach, channels + pair_count(layer.k)


def _built(at: int, layer: Layer, channels: int, backend: str) -> nn.Module:
    try:
        return built(layer, channels, backend)
    except UsageError as exc:
        raise UsageError(f"layer {at} ({type(layer).__name__}): {exc}") from exc


def _feature_maps(config: NetworkConfig) -> Iterator[FeatureMap]:
    reduction = 1
    for at, layer in enumerate(config.layers):
        reduction *= layer.stride
        last = at + 1 == len(config.layers)
        if last or config.layers[at + 1].stride > 1:
            yield FeatureMap(layer.channels, reduction, at)


def _check_counts(**counts: object) -> None:
    for name, value in counts.items():
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise UsageError(f"{name} is {value!r}; expected a whole number of at least 1")
