"""The one public function: which blocks of a model, and the exchange of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from torch import nn

from impls.hadaptive.ach import ACH
from impls.hadaptive.replacing.family import Family, class_name, families
from impls.hadaptive.replacing.settings import PAPER, Settings
from opbench.errors import UsageError

M = TypeVar("M", bound=nn.Module)


def replace_with_ach(
    model: M,
    last: int | None = None,
    *,
    k: int | None = None,
    norm: str = "dysoft",
    selection: str = "learned",
    pointwise: bool = True,
    backend: str = "auto",
    rate: float = 0.01,
    form: str = PAPER,
) -> M:
    """Puts ACH where blocks of `model` widen their channels; changes the model and returns it.

    model: timm's MobileNetV3, MobileNetV4, StarNet or MobileViT, torchvision's ShuffleNetV2, transformers' BERT
        encoders, or anything that holds such a model. Input and output shapes stay. Layers that keep their size keep
        their weights; the others start anew, on the block's device, in its dtype and mode.
    last: how many blocks, from the end. None is what the paper replaced: the last two of a convolutional network
        (table 5), the feed-forwards of the middle four encoders of a MobileViT (table 8), of all layers of a BERT
        (table 13).
    k: channels selected by each ACH. None is each family's own rule: see its file in `families`.
    norm, selection, pointwise, backend, rate: as ACH takes them.
    form: "paper" gives MobileNetV4's and ShuffleNetV2's blocks what table 5's counts imply that the paper gave them;
        with "plain" a block stays what it was but for ACH. The other families have one form.

    Raises UsageError for a model without such blocks, more blocks than there are, a block that has an ACH already or
    is of an unknown kind, a form that is none of the two, and what ACH refuses, such as k above the channels; the model
    is then as it was.
    """
    family, names = _recognised(model)
    chosen = _chosen(family, names, last)
    settings = Settings(k, norm, selection, pointwise, backend, rate, form)
    fresh = {name: _replaced(family, name, model.get_submodule(name), settings) for name in chosen}
    for name, block in fresh.items():
        model.set_submodule(name, block)
    return model


def _recognised(model: nn.Module) -> tuple[Family, list[str]]:
    matches = [(family, names) for family in families() if (names := family.blocks(model))]
    if len(matches) == 1:
        return matches[0]
    if matches:
        several = " and ".join(f"{family.name} ({names[0]}, ...)" for family, names in matches)
        raise UsageError(f"this {class_name(model)} has blocks of {several}; pass the part with one kind of blocks")
    names_known = ", ".join(sorted(family.name for family in families()))
    raise UsageError(f"no known blocks in this {class_name(model)}; the families that ACH goes into are: {names_known}")


def _chosen(family: Family, names: Sequence[str], last: int | None) -> Sequence[str]:
    if last is None:
        return family.usual(names)
    if type(last) is not int or not 1 <= last <= len(names):
        raise UsageError(
            f"last is {last!r}, and this {family.name} has {len(names)} blocks that ACH can go into: "
            f"{', '.join(names)}; expected 1 to {len(names)}"
        )
    return names[-last:]


def _replaced(family: Family, name: str, block: nn.Module, settings: Settings) -> nn.Module:
    """The new block, where and how the old one was."""
    if any(isinstance(module, ACH) for module in block.modules()):
        raise UsageError(f"block {name} of this {family.name} has an ACH already; replace in a fresh model")
    try:
        fresh = family.replaced(block, settings)
    except UsageError as exc:
        raise UsageError(f"block {name} of this {family.name}: {exc}") from exc
    like = next(block.parameters())
    return fresh.to(device=like.device, dtype=like.dtype).train(block.training)
