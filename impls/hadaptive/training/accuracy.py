"""How many images a network classifies right."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from impls.hadaptive.images.batches import in_order

if TYPE_CHECKING:
    from impls.hadaptive.images.data import Images


@torch.no_grad()
def accuracy(network: nn.Module, images: Images, batch: int, device: torch.device, workers: int = 0) -> float:
    """Share of images, 0 to 1, for whose class the network has the highest score; leaves it in eval mode.

    batch: of training, of which several are tested at once.
    workers: processes that read images; 0 reads them here.
    """
    network.eval()
    right, tested = torch.zeros((), dtype=torch.int64, device=device), 0  # read once: reading each would stop a GPU
    for batch_images, labels in in_order(images, batch, workers):
        predicted: Tensor = network(batch_images.to(device)).argmax(dim=1)
        right += (predicted == labels.to(device)).sum()
        tested += len(labels)
    return int(right) / tested
