"""The smallest model of each family, with inputs of odd sizes; skipped with a reason where its library is absent."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from impls.torchvision_import import make_torchvision_importable

from ..scenes import random

CLASSES = 5


def library(name: str) -> Any:
    """The module, or a skip when its package is not installed; a package that is there has to import."""
    package = name.partition(".")[0]
    if find_spec(package) is None:
        pytest.skip(f"{package} is not installed")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what other libraries deprecate in each other
        make_torchvision_importable()
        return import_module(name)


class Scores(nn.Module):
    """A BERT encoder and a classifier: embedded tokens (B, N, 12) to (B, CLASSES)."""

    def __init__(self, **changes: Any) -> None:
        super().__init__()
        bert = library("transformers.models.bert")
        sizes = {"hidden_size": 12, "num_attention_heads": 3, "num_hidden_layers": 3, "intermediate_size": 40}
        config = bert.BertConfig(**sizes, vocab_size=23, max_position_embeddings=17, **changes)
        self.bert = bert.BertModel(config, add_pooling_layer=False)
        self.classify = nn.Linear(12, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        scores: Tensor = self.classify(self.bert(inputs_embeds=x).last_hidden_state.mean(1))
        return scores


@dataclass(frozen=True)
class Subject:
    family: str
    build: Callable[[], nn.Module]
    shape: tuple[int, ...]
    usual: tuple[str, ...]
    """What is replaced when nobody says."""
    blocks: int
    """How many there are to replace."""

    def input(self, batch: int = 3) -> Tensor:
        return random(batch, *self.shape)


def _timm(name: str) -> Callable[[], nn.Module]:
    return lambda: library("timm").create_model(name, num_classes=CLASSES)


def _shufflenet() -> nn.Module:
    return library("torchvision.models").shufflenet_v2_x0_5(num_classes=CLASSES)  # type: ignore[no-any-return]  # untyped


IMAGE = (3, 67, 35)

SUBJECTS = [
    Subject("BERT", Scores, (7, 12), tuple(f"bert.encoder.layer.{at}" for at in range(3)), 3),
    Subject("MobileNetV3", _timm("mobilenetv3_small_050"), IMAGE, ("blocks.4.1", "blocks.4.2"), 10),
    Subject("MobileNetV4", _timm("mobilenetv4_conv_small_035"), IMAGE, ("blocks.3.4", "blocks.3.5"), 12),
    Subject("MobileViT", _timm("mobilevit_xxs"), IMAGE, tuple(f"stages.3.1.transformer.{at}" for at in range(4)), 9),
    Subject("ShuffleNetV2", _shufflenet, IMAGE, ("stage4.2", "stage4.3"), 16),
    Subject("StarNet", _timm("starnet_s050"), IMAGE, ("stages.2.3", "stages.3.1"), 6),
]
"""In the order of their files."""


def made(subject: Subject) -> nn.Module:
    torch.manual_seed(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return subject.build()
