"""Table 2: where in MobileNetV3-S an ACH does good, an inverted bottleneck or two of its eleven replaced.

The bottlenecks are counted from 0, as the table does. Each is replaced as in table 5, whose row of MobileNetV3-S is the
table's last (k is the smallest with which the block is as wide as before). Bottleneck 0 is the exception: it does not
widen, so there is no convolution to replace, and ACH goes before its depthwise convolution, with the k = 2 that makes
one product.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from impls.hadaptive.ablation.study import Study
from impls.hadaptive.replacing.cost import Cost, cost
from impls.hadaptive.replacing.families import mobilenet_v3
from impls.hadaptive.replacing.family import class_name
from impls.hadaptive.replacing.settings import Settings
from impls.libraries import library

if TYPE_CHECKING:
    from torch import nn

NETWORK = "mobilenetv3_small_100"
"""In timm."""

IMAGE, CLASSES = (1, 3, 224, 224), 100
"""What the paper counts parameters and FLOPs for."""

PLACES: Mapping[str, tuple[int, ...]] = {
    "mobilenet_v3_s": (),
    "ib0": (0,),
    "ib1": (1,),
    "ib8": (8,),
    "ib9": (9,),
    "ib10": (10,),
    "ib9_10": (9, 10),
}
"""The bottlenecks that are replaced."""


def _about(places: tuple[int, ...]) -> str:
    if not places:
        return "MobileNetV3-S as it is"
    plural = "s" if len(places) > 1 else ""
    return f"ACH in inverted bottleneck{plural} {' and '.join(map(str, places))} of 0 to 10"


PLACEMENT = Study(
    "placement", "mobilenet_v3_s", {name: _about(places) for name, places in PLACES.items()}, "tables 2 and 5"
)


def placed(name: str, num_classes: int, in_chans: int, backend: str = "auto") -> nn.Module:
    """MobileNetV3-S with ACH at the places of the variant `name`: (B, in_chans, H, W) to scores (B, num_classes).

    Weights are drawn anew, from PyTorch's global generator. Raises MachineError where timm is not installed.
    """
    model: nn.Module = library("timm").create_model(NETWORK, num_classes=num_classes, in_chans=in_chans)
    names = inverted_bottlenecks(model)
    for place in PLACES[name]:
        model.set_submodule(names[place], _replaced(model.get_submodule(names[place]), Settings(backend=backend)))
    return model


def inverted_bottlenecks(model: nn.Module) -> list[str]:
    """The names of the bottlenecks of timm's MobileNetV3, in the order they run, the one that does not widen too."""
    kinds = {mobilenet_v3.WIDENS, mobilenet_v3.KEEPS}
    return [name for name, module in model.named_modules() if class_name(module) in kinds]


def _replaced(block: Any, settings: Settings) -> nn.Module:
    widens = class_name(block) == mobilenet_v3.WIDENS
    return mobilenet_v3.replaced(block, settings) if widens else mobilenet_v3.widened(block, settings)


def placement_costs(names: tuple[str, ...]) -> dict[str, Cost]:
    """What each variant costs, for 100 classes and one image of 224x224, counted as the paper counts."""
    return {name: _cost(name) for name in names}


@cache  # a second each
def _cost(name: str) -> Cost:
    return cost(placed(name, CLASSES, IMAGE[1], "torch_eager"), IMAGE)
