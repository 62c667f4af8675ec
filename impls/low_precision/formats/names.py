"""The formats of the study, by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from impls.low_precision.formats.floats import E2M1, E4M3, E5M2
from impls.low_precision.formats.integers import Integers
from impls.low_precision.formats.microscaling import Microscaling
from opbench.errors import unknown

if TYPE_CHECKING:
    from impls.low_precision.formats.stored import Format

FORMATS: Mapping[str, Format] = {
    "mxfp4": Microscaling(E2M1),
    "mxfp8_e4m3": Microscaling(E4M3),
    "mxfp8_e5m2": Microscaling(E5M2),
    "int8_row": Integers(8),
    "int4_row": Integers(4),
    "int4_block": Integers(4, block=32),
}


def format_of(name: str) -> Format:
    """Raises UsageError for a name that does not exist."""
    if name not in FORMATS:
        raise unknown("format", name, FORMATS, "of low precision")
    return FORMATS[name]
