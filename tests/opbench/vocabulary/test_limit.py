"""A limit is seconds that some ceilings give, and nothing else."""

from __future__ import annotations

import math
from dataclasses import fields

import pytest

from opbench.vocabulary.limit import Limit

NAMES = [field.name for field in fields(Limit) if field.name != "level"]


@pytest.mark.parametrize("name", NAMES)
def test_no_limit_is_below_nothing_or_without_end(name: str) -> None:
    fine = dict.fromkeys(NAMES, 0.0)
    assert Limit("L1", **fine).seconds == 0
    for value in (-1e-9, math.inf, -math.inf, math.nan):
        with pytest.raises(ValueError, match=f"{name} of a limit is {value}; expected seconds from 0 on"):
            Limit("L1", **(fine | {name: value}))
