"""torchvision, which reads CIFAR-100, ImageNet and folders of images, imported only when one of them is asked for."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import torch

from impls.torchvision_import import make_torchvision_importable
from opbench.errors import MachineError


def torchvision() -> Any:
    """The module with its `datasets` and `transforms`. Raises MachineError where it is not installed."""
    if not make_torchvision_importable():
        raise MachineError(
            "torchvision is not installed, and CIFAR-100, ImageNet and folders of images are read by it; "
            f"install it together with torch=={torch.__version__.partition('+')[0]} in one command, or train on digits"
        )
    for part in ("datasets", "transforms"):
        import_module(f"torchvision.{part}")
    return import_module("torchvision")
