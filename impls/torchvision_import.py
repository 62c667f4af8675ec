"""Makes a torchvision importable that was built for another PyTorch than the one installed.

A torchvision wheel's compiled operators are bound to one PyTorch build. Beside another, such as a CPU build of the
same version, its library does not load, and torchvision 0.28 then fails on import with "operator torchvision::nms does
not exist": it registers shape functions for two operators, `nms` and `qnms`, that only that library defines. Declaring
the two is all that is missing for models and transforms. They still have no kernel: detection's non-maximum
suppression fails when called, with PyTorch's own error, and nothing computes anything else in its place.

timm imports torchvision, and so do parts of transformers: call this before importing any of the three.
"""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.util import find_spec

import torch

MISSING = ("nms", "qnms")
SCHEMA = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
_DECLARED: list[torch.library.Library] = []
"""Kept, because a library that is collected takes its operators with it."""


def make_torchvision_importable() -> bool:
    """Whether torchvision is installed; when True, `import torchvision` works from now on.

    A torchvision that fails for any other reason raises what it raises.
    """
    if "torchvision" in sys.modules:
        return sys.modules["torchvision"] is not None
    if find_spec("torchvision") is None:
        return False
    try:
        import_module("torchvision")
    except RuntimeError as exc:
        if "operator torchvision::nms does not exist" not in str(exc):
            raise
        _declare()
        _forget_half_imported()
        import_module("torchvision")
    return True


def _declare() -> None:
    library = torch.library.Library("torchvision", "FRAGMENT")  # type: ignore[no-untyped-call]  # torch leaves it
    for name in MISSING:
        library.define(f"{name}{SCHEMA}")  # type: ignore[no-untyped-call]  # untyped
    _DECLARED.append(library)


def _forget_half_imported() -> None:
    """The submodules that were imported before the failure would not be run again."""
    for name in [module for module in sys.modules if module.partition(".")[0] == "torchvision"]:
        del sys.modules[name]
