"""What a search found, as plain data: the confidence of every candidate, the arg-max network, and what it costs."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import torch
from torch.utils.data import random_split

from impls.hadaptive.counting import count_module, trainable
from impls.hadaptive.network import build
from impls.hadaptive.search import confidence
from impls.hadaptive.search.supernet import SuperNet

if TYPE_CHECKING:
    from impls.hadaptive.config import NetworkConfig
    from impls.hadaptive.images.data import DataSet, Images
    from impls.hadaptive.search.gdas import Epoch, Search

FORMAT = "opbench.hadaptive.confidence/1"


def halves(images: Images, seed: int) -> tuple[Images, Images]:
    """The images to train weights on and those to train logits on, dealt at random by the seed."""
    first, second = random_split(images, [0.5, 0.5], torch.Generator().manual_seed(seed))
    return first, second


def outcome(search: Search, data: DataSet, question: dict[str, Any]) -> dict[str, Any]:
    """What `reports.hadaptive.search_confidence` draws and `confidence.table` prints. search: over a SuperNet."""
    model = search.model
    assert isinstance(model, SuperNet)
    return {
        "format": FORMAT,
        "question": {name: value for name, value in question.items() if name != "places"},
        "settings": dataclasses.asdict(search.settings),
        "torch": torch.__version__,
        "layers": confidence.layers(model.space, model.confidences),
        "network": model.chosen.plain(),
        **cost(model.chosen, data),
        "validation_accuracy": search.accuracy(search.validation),
        "test_accuracy": search.accuracy(data.test),
        "history": [_plain(epoch) for epoch in search.history],
    }


def _plain(epoch: Epoch) -> dict[str, Any]:
    """Confidences to four digits: they are drawn, and are most of the file."""
    shares = [[round(share, 4) for share in layer] for layer in epoch.confidences]
    return {**dataclasses.asdict(epoch), "confidences": shares}


def cost(config: NetworkConfig, data: DataSet) -> dict[str, int]:
    """Parameters that train and conv + linear MACs of one image (torch's counter) of the network by itself."""
    network = build(config, len(data.classes), data.channels, "torch_eager")
    counts = count_module(network, (1, data.channels, data.edge, data.edge))["torch"]
    assert not isinstance(counts, str)
    return {"parameters": trainable(network), "macs": counts["macs"]}
