"""Which channels a trained network's ACH modules choose, over many images."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from impls.hadaptive.ach import ACH

if TYPE_CHECKING:
    from collections.abc import Iterable

    from torch import Tensor, nn

    from impls.hadaptive.ach_parts.selection import Choice


@torch.no_grad()
def selection_shares(network: nn.Module, batches: Iterable[Tensor]) -> dict[str, list[float]]:
    """For every ACH module by name, in order: the share of images, 0 to 1, that chose each of its channels.

    They sum to k. network: in eval mode, where the choice has no noise. batches: images (B, C, H, W), on its device.
    Without an image, all are 0.
    """
    modules = {name: one for name, one in network.named_modules() if isinstance(one, ACH)}
    counts = {name: torch.zeros(one.channels, dtype=torch.int64) for name, one in modules.items()}

    def counting(name: str) -> object:
        def count(module: nn.Module, inputs: object, choice: Choice) -> None:
            del module, inputs
            counts[name] += choice.index.flatten().cpu().bincount(minlength=len(counts[name]))

        return modules[name].select.register_forward_hook(count)

    hooks = [counting(name) for name in modules]
    images = 0
    try:
        for batch in batches:
            network(batch)
            images += len(batch)
    finally:
        for hook in hooks:
            hook.remove()  # type: ignore[attr-defined]  # a RemovableHandle
    return {name: (chosen / max(1, images)).tolist() for name, chosen in counts.items()}
