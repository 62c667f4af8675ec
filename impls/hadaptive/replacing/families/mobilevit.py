"""timm's MobileViT: the feed-forward of an encoder -> ACH over the channels of its tokens and a linear layer.

A MobileViT folds the places within a patch into the batch, so there is a selection for each sample and each such place.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

from torch import nn

from impls.hadaptive.replacing.family import Family, of_class
from impls.hadaptive.replacing.settings import Settings, at_most
from opbench.errors import UsageError

_STAGES = of_class("timm.models.mobilevit.MobileVitBlock")


def encoders(model: nn.Module) -> list[str]:
    """Names of the transformer encoders: two, four and three, in the three sizes that were published."""
    stages = {f"{name}.transformer": model.get_submodule(f"{name}.transformer") for name in _STAGES(model)}
    return [f"{name}.{at}" for name, stage in stages.items() for at, _ in stage.named_children()]


def middle_four(names: Sequence[str]) -> Sequence[str]:
    """All encoders of the middle stage, in the published sizes."""
    first = max(0, len(names) - 4) // 2
    return names[first : first + 4]


def replaced(block: Any, settings: Settings) -> nn.Module:
    """k where not given: the largest that makes the feed-forward no wider than it was."""
    inner, outer, norm = (getattr(block.mlp, name, None) for name in ("fc1", "fc2", "norm"))
    if not (isinstance(inner, nn.Linear) and isinstance(outer, nn.Linear) and isinstance(norm, nn.Identity)):
        raise UsageError(f"mlp is {block.mlp}; expected two linear layers without a norm between them")
    fresh = copy.deepcopy(block)
    rule = at_most(inner.out_features, inner.in_features)
    fresh.mlp = settings.tokens(inner.in_features, rule, dropout=block.mlp.drop2.p)
    return fresh  # type: ignore[no-any-return]  # timm's encoder


FAMILY = Family("MobileViT", encoders, replaced, middle_four)
