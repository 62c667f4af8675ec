"""The models of tables 5, 8 and 13, built without pretrained weights, as the three libraries have them."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from impls.hadaptive.replacing.replace import replace_with_ach
from impls.hadaptive.replacing.resizing import multiple_of_8
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
        return model
    model = library("timm").create_model(FROM_TIMM[label], num_classes=CLASSES)
    module: Any
    for module in model.modules():
        if hasattr(module, "fused_attn"):
            module.fused_attn = False  # so that the counters see its matrix products
    return model


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


def mobilenet_v4_as_implied() -> nn.Module:
    """MobileNetV4-S in the form that the paper's counts of it imply, see `deviations`.

    k = 32, and what MobileNetV3's blocks have and MobileNetV4's have not: squeeze-and-excitation to a quarter, and
    depthwise 5x5 for 3x3.
    """
    model = replace_with_ach(network("MobileNetV4-S"), k=32)
    squeeze = library("timm.models._efficientnet_blocks").SqueezeExcite
    for name in ("blocks.3.4", "blocks.3.5"):
        block: Any = model.get_submodule(name)
        wide = block.pw_exp.out_channels
        block.se = squeeze(wide, rd_channels=multiple_of_8(wide / 4))
        block.dw_mid.conv = nn.Conv2d(wide, wide, 5, padding=2, groups=wide, bias=False)
    return model
