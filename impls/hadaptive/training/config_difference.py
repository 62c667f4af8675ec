"""Two configurations, side by side in words: for messages about checkpoints."""

from __future__ import annotations

from impls.hadaptive.config import NetworkConfig
from impls.hadaptive.variants import VARIANTS


def name_of(config: NetworkConfig) -> str:
    """`hadaptive_net_s` and its like by name, any other as a configuration of so many layers."""
    for name, one in VARIANTS.items():
        if one == config:
            return name
    return f"a configuration of {len(config.layers)} layers"


def config_difference(there: NetworkConfig, here: NetworkConfig) -> str:
    """The first thing in which two different configurations differ."""
    for at, (layer, other_layer) in enumerate(zip(there.layers, here.layers, strict=False)):
        if layer != other_layer:
            return f"layer {at} is {layer} there, {other_layer} here"
    if len(there.layers) != len(here.layers):
        return f"{len(there.layers)} layers there, {len(here.layers)} here"
    fields = ("width", "hidden", "dropout")
    return next(
        f"{name} is {getattr(there, name)} there, {getattr(here, name)} here"
        for name in fields
        if getattr(there, name) != getattr(here, name)
    )
