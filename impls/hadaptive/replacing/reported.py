"""What the paper reports in tables 5, 8 and 13: carried over in `reported.json`, none of it measured here."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any


@dataclass(frozen=True)
class Printed:
    """How the paper prints a column: in steps of this many, rounded in some rows and cut off in others.

    Cut off: 385.5 and 303.6 M are 385 and 303 in table 5, and 1.746 M is 1.74 in table 8.
    """

    step: int

    def agrees(self, ours: int, millions: float) -> bool:
        """Whether our number, rounded or cut off, is the paper's, which is given in millions."""
        steps = round(millions * 1_000_000 / self.step)
        return steps in {ours // self.step, (2 * ours + self.step) // (2 * self.step)}


PARAMETERS, FLOPS = Printed(10_000), Printed(1_000_000)


@lru_cache(maxsize=1)
def reported() -> dict[str, Any]:
    """Lists of rows `table5`, `table8` and `table13`, and `source`. Where a row has pairs: unchanged, with ACH."""
    text = resources.files("impls.hadaptive.replacing").joinpath("reported.json").read_text(encoding="utf-8")
    tables: dict[str, Any] = json.loads(text)
    return tables
