"""What the paper reports in tables 5, 8 and 13: carried over in `reported.json`, none of it measured here."""

from __future__ import annotations

import json
from functools import lru_cache
from importlib import resources
from typing import Any

WEIGHT_AT_7X7 = 2 * 7 * 7
"""FLOPs of one weight of a 1x1 convolution on a 7x7 map, on which the last blocks of table 5's networks work."""


@lru_cache(maxsize=1)
def reported() -> dict[str, Any]:
    """Lists of rows `table5`, `table8` and `table13`, and `source`. Where a row has pairs: unchanged, with ACH."""
    text = resources.files("impls.hadaptive.replacing").joinpath("reported.json").read_text(encoding="utf-8")
    tables: dict[str, Any] = json.loads(text)
    return tables


def nearly_free(row: dict[str, Any]) -> float:
    """Millions of parameters that a replacement of table 5 added without adding FLOPs to speak of.

    The FLOPs it saved say how many weights at 7x7 went; the parameters it saved are fewer by these.
    """
    gone = (row["flops_m"][0] - row["flops_m"][1]) / WEIGHT_AT_7X7
    change: float = row["params_m"][1] - row["params_m"][0] + gone
    return change
