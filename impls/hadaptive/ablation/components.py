"""The paper's ablation of the ACH module (figure 3) and its comparison of normalisers (table 1), as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from impls.hadaptive.ablation.study import Study


@dataclass(frozen=True)
class Variant:
    """One network of the comparison: what is changed in every Hada block of the full one."""

    about: str
    changes: Mapping[str, Any]


VARIANTS: Mapping[str, Variant] = {
    "full": Variant("learned selection, pointwise convolution, DySoft", {}),
    "no_pointwise": Variant("without the pointwise convolution", {"pointwise": False}),
    "no_eca": Variant("without ECA: randomly drawn sets, in training and in eval", {"selection": "random"}),
    "fixed": Variant("the first k channels, always", {"selection": "fixed"}),
    "bn": Variant("BatchNorm in place of DySoft", {"norm": "bn"}),
    "dysig": Variant("DySig in place of DySoft", {"norm": "dysig"}),
    "dyalge": Variant("DyAlge in place of DySoft", {"norm": "dyalge"}),
    "dyt": Variant("Dynamic Tanh in place of DySoft", {"norm": "dyt"}),
}
"""`full` is the one the others are held against; as a normaliser it is the row of DySoft."""

COMPONENTS = Study("components", "full", {name: one.about for name, one in VARIANTS.items()}, "figure 3 and table 1")
