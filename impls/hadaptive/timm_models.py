"""The networks under their names in timm, for `timm.create_model("hadaptive_net_s", num_classes=10)`."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from impls.hadaptive import network
from impls.torchvision_import import make_torchvision_importable
from opbench.errors import UsageError

if TYPE_CHECKING:
    from impls.hadaptive.network import HadaptiveNet


def register() -> bool:
    """Makes the three networks known to timm; whether timm is installed. A second call changes nothing.

    timm takes seconds to import, so nothing but this imports it. A timm that is there and fails to import raises.
    """
    try:
        make_torchvision_importable()  # timm imports it
        models = import_module("timm.models")
    except ModuleNotFoundError as exc:
        if exc.name is None or exc.name.partition(".")[0] != "timm":
            raise
        return False
    for entry in (hadaptive_net_s, hadaptive_net_m, hadaptive_net_l):
        if not models.is_model(entry.__name__):
            models.register_model(entry)
    return True


def hadaptive_net_s(pretrained: bool = False, **kwargs: Any) -> HadaptiveNet:
    return network.hadaptive_net_s(**_ours(pretrained, kwargs))


def hadaptive_net_m(pretrained: bool = False, **kwargs: Any) -> HadaptiveNet:
    return network.hadaptive_net_m(**_ours(pretrained, kwargs))


def hadaptive_net_l(pretrained: bool = False, **kwargs: Any) -> HadaptiveNet:
    return network.hadaptive_net_l(**_ours(pretrained, kwargs))


FROM_TIMM = ("pretrained_cfg", "pretrained_cfg_overlay", "cache_dir")
"""What `create_model` passes to every model whether it asked or not; all of it concerns pretrained weights."""


def _ours(pretrained: bool, kwargs: dict[str, Any]) -> dict[str, Any]:
    """The network's own arguments. Raises UsageError for pretrained weights: none are published."""
    if pretrained:
        raise UsageError("there are no pretrained weights of Hadaptive-Net; ask for pretrained=False")
    return {name: value for name, value in kwargs.items() if name not in FROM_TIMM}
