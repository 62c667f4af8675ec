"""The models as modules, by their libraries and without a download; MobileOne's branches merged after its statistics
were taken, so that these are in its weights.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import torch
from torch import nn

from impls.libraries import library
from impls.zoo.drawing import settle
from impls.zoo.models import CLASSES, MODELS

SEED = 7


@lru_cache(maxsize=2)
def build(name: str) -> nn.Module:
    """The model on the CPU in float32, in eval, no parameter wanting a gradient: (B, 3, edge, edge) to (B, 100).

    It is shared: `copy.deepcopy` it before moving or changing anything. Raises MachineError without its library.
    """
    with torch.random.fork_rng(devices=[]), torch.no_grad():  # libraries draw weights of their own, GhostNet dropout
        model = _made(name)
        settle(model, torch.Generator().manual_seed(SEED))
        return _as_measured(name, model)


@lru_cache(maxsize=2)
def skeleton(name: str) -> nn.Module:
    """The model on device `meta`, in eval: shapes and no values. Its attention is written out, for counters to walk.

    Raises MachineError without its library.
    """
    with torch.random.fork_rng(devices=[]):
        model = _as_measured(name, _made(name)).to("meta")
    module: Any
    for module in model.modules():
        if hasattr(module, "fused_attn"):
            module.fused_attn = False
    return model


def _made(name: str) -> nn.Module:
    """By its library, with weights of that library's own choice."""
    if MODELS[name].library == "torchvision":
        model: nn.Module = getattr(library("torchvision.models"), name)(num_classes=CLASSES)
    else:
        model = library("timm").create_model(name, num_classes=CLASSES)
    return model


def _as_measured(name: str, model: nn.Module) -> nn.Module:
    """In eval, and its branches merged where the model is measured so."""
    model.eval().requires_grad_(False)
    merged: nn.Module = library("timm.utils").reparameterize_model(model) if MODELS[name].merged else model
    return merged.eval().requires_grad_(False)
