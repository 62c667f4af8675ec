"""Hadaptive-Net-S, -M and -L: the paper's table 9, and for the two larger ones its authors' published configuration.

In M and L the second of every two neighbouring Hada blocks normalises by BatchNorm.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from impls.hadaptive.config import Convolution, GhostBottleneck, HadaBottleneck, Layer, NetworkConfig
from opbench.errors import unknown

if TYPE_CHECKING:
    from collections.abc import Mapping


def _stem(first: int, second: int, third: int) -> tuple[Layer, ...]:
    """A quarter of the edge: two 2x2 convolutions of stride 2, the first without activation, and a 1x1."""
    return (
        Convolution(first, kernel=2, stride=2, activation=False),
        Convolution(second, kernel=2, stride=2),
        Convolution(third),
    )


def _halved(channels: int, ratio: float) -> Layer:
    return GhostBottleneck(channels, ratio, kernel=2, stride=2)


def _twins(channels: int, k: int, kernel: int) -> tuple[Layer, ...]:
    """Two neighbouring Hada blocks of M and L."""
    return HadaBottleneck(channels, k, kernel), HadaBottleneck(channels, k, kernel, norm="bn")


S = NetworkConfig(
    (
        *_stem(32, 48, 32),
        _halved(64, 4.0),
        GhostBottleneck(64, 2.0),
        _halved(96, 4.0),
        HadaBottleneck(96, k=16, kernel=5),
        HadaBottleneck(96, k=16, kernel=5),
        GhostBottleneck(96, 2.0, kernel=5),
        HadaBottleneck(96, k=16, kernel=5),
        HadaBottleneck(96, k=16, kernel=5),
        _halved(128, 6.0),
        HadaBottleneck(128, k=32, kernel=7),
        HadaBottleneck(128, k=32, kernel=7),
    )
)

M = NetworkConfig(
    (
        *_stem(32, 128, 48),
        _halved(80, 4.0),
        GhostBottleneck(80, 2.0),
        _halved(128, 6.0),
        *(*_twins(128, k=24, kernel=5), GhostBottleneck(128, 4.0, kernel=5)) * 2,
        *_twins(128, k=24, kernel=5),
        _halved(192, 6.0),
        *_twins(192, k=36, kernel=7),
    )
)

L = NetworkConfig(
    (
        *_stem(24, 96, 48),
        _halved(96, 4.0),
        GhostBottleneck(96, 4.0),
        _halved(192, 4.0),
        *(*_twins(192, k=32, kernel=5), GhostBottleneck(192, 4.0, kernel=5)) * 3,
        *_twins(192, k=32, kernel=5),
        _halved(256, 4.0),
        *_twins(256, k=36, kernel=7),
        _halved(256, 4.0),
        *_twins(256, k=36, kernel=7),
    )
)

VARIANTS: Mapping[str, NetworkConfig] = {"hadaptive_net_s": S, "hadaptive_net_m": M, "hadaptive_net_l": L}


def variant(name: object) -> NetworkConfig:
    """The configuration of `hadaptive_net_s`, `_m` or `_l`. Raises UsageError for another name, listing these."""
    if not isinstance(name, str) or name not in VARIANTS:
        raise unknown("variant", str(name), VARIANTS, "of Hadaptive-Net")
    return VARIANTS[name]
