"""The models of tables 5, 8 and 13, built without pretrained weights: of the three libraries, made the paper's.

The libraries' own models are not quite the paper's, whose counts tell where they differ; see `deviations`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from impls.hadaptive.replacing.resizing import resized
from impls.libraries import library

IMAGE = (1, 3, 224, 224)
CLASSES = 100
TOKENS = (1, 128, 768)
"""BERT-base: 128 tokens at most (section A.6), 768 channels."""

FROM_TIMM = {
    "MobileNetV3-S": "mobilenetv3_small_100",
    "MobileNetV4-S": "mobilenetv4_conv_small",
    "StarNet-S1": "starnet_s1",
    "MobileViT-small": "mobilevit_s",
    "MobileViT-x-small": "mobilevit_xs",
    "MobileViT-xx-small": "mobilevit_xxs",
}


def network(label: str) -> nn.Module:
    """The image classifier that a table calls so, with 100 classes. Raises MachineError without its library."""
    model: nn.Module
    if label == "ShuffleNetV2-1.0":
        model = library("torchvision.models").shufflenet_v2_x1_0(num_classes=CLASSES)
    elif label.startswith("MobileViT"):
        model = _mobilevit(FROM_TIMM[label])
    else:
        model = library("timm").create_model(FROM_TIMM[label], num_classes=CLASSES)
    if label == "MobileNetV3-S":
        _squeeze_to_a_quarter(model)
    if label == "StarNet-S1":
        _without_biases(model)
    module: Any
    for module in model.modules():
        if hasattr(module, "fused_attn"):
            module.fused_attn = False  # so that the counters see its matrix products
    return model


def _squeeze_to_a_quarter(model: nn.Module) -> None:
    """timm squeezes to the multiple of 8 that is nearest to a quarter."""
    module: Any
    for name, module in model.named_modules():
        if hasattr(module, "conv_reduce"):
            channels, squeezed = module.conv_reduce.in_channels, module.conv_reduce.in_channels // 4
            module.conv_reduce = resized(module.conv_reduce, f"{name}.conv_reduce", channels, squeezed)
            module.conv_expand = resized(module.conv_expand, f"{name}.conv_expand", squeezed, channels)


def _without_biases(model: nn.Module) -> None:
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            module.bias = None


def _mobilevit(name: str) -> nn.Module:
    """Of timm's configuration: a stem as wide as the block after it, local 3x3 convolutions that are depthwise, no norm
    after the encoders; in xx-small the blocks before the first encoder widen fourfold, where timm's widen twice.
    """
    config: Any = library("timm.models.mobilevit").model_cfgs[name]
    blocks = tuple(_mobilevit_stage(stage, at) for at, stage in enumerate(config.blocks))
    config = replace(config, blocks=blocks, stem_chs=config.blocks[0].c)
    model: Any = library("timm.models.byobnet").ByobNet(config, num_classes=CLASSES)
    for module in model.modules():
        if hasattr(module, "conv_kxk") and hasattr(module, "transformer"):
            module.norm = nn.Identity()
    return model  # type: ignore[no-any-return]  # timm's network


def _mobilevit_stage(stage: Any, at: int) -> Any:
    """A block's configuration or a tuple of them, with depthwise convolutions in those of encoders."""
    if isinstance(stage, tuple):
        return tuple(_mobilevit_stage(block, at) for block in stage)
    if stage.type == "mobilevit":
        return replace(stage, gs=1)
    return replace(stage, br=4.0) if at < STAGES_BEFORE_28X28 else stage


STAGES_BEFORE_28X28 = 2


class Encoder(nn.Module):
    """The layers of a BERT, tokens (B, N, 768) to the same; embeddings and pooling are no part of what changes."""

    def __init__(self, layers: int, wide: int) -> None:
        super().__init__()
        bert: Any = library("transformers.models.bert")
        config = bert.BertConfig(
            hidden_size=TOKENS[2],
            num_attention_heads=12,
            num_hidden_layers=layers,
            intermediate_size=wide,
            attn_implementation="eager",  # so that the counters see its matrix products
        )
        with torch.device("meta"):
            self.encoder = bert.BertModel(config, add_pooling_layer=False).encoder

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.encoder(x).last_hidden_state
        return y
