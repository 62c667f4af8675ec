"""What both counters say of a function alike, and what it has to be: multiplications counted one by one."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import torch
from hypothesis import settings
from hypothesis import strategies as st

from opbench.counting.count import Counts, count

Shape = tuple[int, ...]

SIZE = st.sampled_from([0, 1, 2, 3, 5])
LONG = st.sampled_from([1, 2, 3, 5])
quick = settings(max_examples=40, deadline=None, database=None)


def both(function: Callable[..., torch.Tensor], *shapes: Shape) -> Counts:
    """What the two counters say alike."""
    inputs = {f"input{at}": torch.empty(shape, device="meta") for at, shape in enumerate(shapes)}
    found = count(function, inputs)
    assert found["fvcore"] == found["torch"], (function, shapes)
    assert not isinstance(found["fvcore"], str)
    return found["fvcore"]


def loops(*sizes: int) -> int:
    """One multiplication for each place in this many nested loops."""
    return sum(1 for _ in product(*map(range, sizes)))


def only(macs: int) -> Counts:
    return {"macs": macs, "products": 0, "elementwise": 0}
