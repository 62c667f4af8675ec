"""Which models there are, and the facts about them that nobody should have to build them for.

All have 100 classes here. The paper's table 7 mixes: its parameters of MobileOne, ShuffleNetV2 and GhostNetV3 are
those of 1000 classes. Its MobileOne is the form after re-parameterisation and its GhostNetV3 the form before, and so
are these: GhostNetV3 is measured with all its branches, as the paper did.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

CLASSES = 100


@dataclass(frozen=True)
class Model:
    """What is known of one model without building it.

    name: the library's own.
    label: as the paper has it.
    parameters: those that train.

    merged: whether its branches are merged into single convolutions, as timm's `reparameterize_model` does.
    least_edge: of an image that it takes. All of them take every edge from there on, odd ones too: tried up to 120.
    """

    name: str
    label: str
    parameters: int
    library: str = "timm"
    merged: bool = False
    least_edge: int = 1


def _rows() -> Iterator[Model]:
    yield Model("mobilenetv3_small_100", "MobileNetV3-S", 1_620_356)
    yield Model("mobilenetv3_large_100", "MobileNetV3-L", 4_330_132)
    yield Model("mobilenetv4_conv_small", "MobileNetV4-S", 2_621_124)
    yield Model("mobilenetv4_conv_medium", "MobileNetV4-M", 8_562_612)
    yield Model("mobilenetv4_conv_large", "MobileNetV4-L", 31_437_964)
    yield Model("starnet_s1", "StarNet-S1", 2_695_468)
    yield Model("starnet_s2", "StarNet-S2", 3_450_724)
    yield Model("starnet_s3", "StarNet-S3", 5_519_492)
    yield Model("starnet_s4", "StarNet-S4", 7_251_428)
    yield Model("ghostnet_100", "GhostNet-1.0", 4_029_608)
    # Its gates pool maps of edge / 32, rounded up, by 2, which takes two rows of them.
    yield Model("ghostnetv3_100", "GhostNetV3-1.0", 6_976_128, least_edge=33)
    yield Model("mobileone_s0", "MobileOne-S0", 1_156_004, merged=True)
    yield Model("mobileone_s1", "MobileOne-S1", 3_611_940, merged=True)
    yield Model("mobileone_s2", "MobileOne-S2", 5_964_068, merged=True)
    yield Model("mobileone_s3", "MobileOne-S3", 8_234_212, merged=True)
    yield Model("shufflenet_v2_x1_0", "ShuffleNetV2-1.0", 1_356_104, library="torchvision")
    yield Model("mobilevit_s", "MobileViT-small", 5_001_732)
    yield Model("mobilevit_xs", "MobileViT-x-small", 1_971_348)
    yield Model("mobilevit_xxs", "MobileViT-xx-small", 983_124)


MODELS = {one.name: one for one in _rows()}
