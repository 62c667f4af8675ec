"""The detectors, each an operator under the name of its backbone."""

from __future__ import annotations

from impls.detectors.definition import operator_of
from impls.detectors.models import MODELS

# The names stand here literally, so that listing them imports nothing.
OPERATORS = {
    "ssd_hadaptive_s": operator_of(MODELS["ssd_hadaptive_s"]),
    "ssd_hadaptive_m": operator_of(MODELS["ssd_hadaptive_m"]),
    "ssd_hadaptive_l": operator_of(MODELS["ssd_hadaptive_l"]),
    "ssd_mobilenetv2_100": operator_of(MODELS["ssd_mobilenetv2_100"]),
    "ssd_mobilenetv3_small_100": operator_of(MODELS["ssd_mobilenetv3_small_100"]),
}
