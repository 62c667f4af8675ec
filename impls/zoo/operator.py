"""The models, each an operator under its library's name."""

from __future__ import annotations

from impls.zoo.definition import operator_of
from impls.zoo.models import MODELS

# The names stand here literally, so that listing them imports nothing.
OPERATORS = {
    "mobilenetv3_small_100": operator_of(MODELS["mobilenetv3_small_100"]),
    "mobilenetv3_large_100": operator_of(MODELS["mobilenetv3_large_100"]),
    "mobilenetv4_conv_small": operator_of(MODELS["mobilenetv4_conv_small"]),
    "mobilenetv4_conv_medium": operator_of(MODELS["mobilenetv4_conv_medium"]),
    "mobilenetv4_conv_large": operator_of(MODELS["mobilenetv4_conv_large"]),
    "starnet_s1": operator_of(MODELS["starnet_s1"]),
    "starnet_s2": operator_of(MODELS["starnet_s2"]),
    "starnet_s3": operator_of(MODELS["starnet_s3"]),
    "starnet_s4": operator_of(MODELS["starnet_s4"]),
    "ghostnet_100": operator_of(MODELS["ghostnet_100"]),
    "ghostnetv3_100": operator_of(MODELS["ghostnetv3_100"]),
    "mobileone_s0": operator_of(MODELS["mobileone_s0"]),
    "mobileone_s1": operator_of(MODELS["mobileone_s1"]),
    "mobileone_s2": operator_of(MODELS["mobileone_s2"]),
    "mobileone_s3": operator_of(MODELS["mobileone_s3"]),
    "shufflenet_v2_x1_0": operator_of(MODELS["shufflenet_v2_x1_0"]),
    "mobilevit_s": operator_of(MODELS["mobilevit_s"]),
    "mobilevit_xs": operator_of(MODELS["mobilevit_xs"]),
    "mobilevit_xxs": operator_of(MODELS["mobilevit_xxs"]),
}
