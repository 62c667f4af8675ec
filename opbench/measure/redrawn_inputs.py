"""Other values for the input of a point, drawn after its backends were prepared and then again and again.

The first floating input is the one that changes; in mode `backward` that is the gradient. Its elements are moved along,
all by one distance, and scaled by one factor up to where they wrap around and by another behind it: no output follows
from an earlier one by a multiplication. They are written past the tensor's version counter, so that a backend which
goes by `_version` goes wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import torch

from opbench.measure.compare import overlaps

MOVED, SCALED, HALVED, PRISTINE = range(4)
"""Ways to change it. Moving and scaling can bring an operator next to a jump, such as two scores that are nearly equal,
where float64 and a right backend may differ; then the next way is taken.
"""


@dataclass(frozen=True)
class Values:
    """What the input holds: element i is the first one's (i - distance), times `low` or, wrapped around, `high`."""

    distance: int = 0
    low: float = 1.0
    high: float = 1.0


class Redrawing:
    """Writes other values into the first floating input that can be written; into none where there is none.

    draw: numbers in [0, 1) that nobody can foresee.
    """

    __slots__ = ("_draw", "_flat", "_kept", "_raw", "changes")

    def __init__(self, inputs: Iterable[torch.Tensor], draw: Callable[[], float]) -> None:
        self._draw = draw
        found = next((one for one in inputs if one.is_floating_point()), None)
        self._raw = None if found is None or overlaps(found) else found.data
        self._kept = None if self._raw is None else self._raw.clone(memory_format=torch.preserve_format)
        whole = self._raw is not None and self._raw.is_contiguous()
        self._flat = self._raw.view(-1) if whole and self._raw is not None else None
        self.changes = self._raw is not None and self._raw.numel() > 0

    def new(self, way: int) -> Values:
        """Values to put, drawn in one of the ways."""
        if not self.changes or way == PRISTINE:
            return Values()
        if way == HALVED:
            return Values(low=0.5, high=0.5)
        low, high = (0.5 + 0.5 * self._draw() for _ in range(2))
        count = 0 if self._flat is None or way == SCALED else self._flat.numel()
        return Values(int(self._draw() * count), low, high)

    def put(self, values: Values) -> None:
        """Write them."""
        self._write(values, self._raw)

    def holds(self, values: Values) -> bool:
        """Whether the input has these values still: False where somebody wrote to it."""
        if self._raw is None or self._kept is None:
            return True
        expected = torch.empty_like(self._kept)
        self._write(values, expected)
        return torch.equal(expected.nan_to_num(), self._raw.nan_to_num())

    def _write(self, values: Values, into: torch.Tensor | None) -> None:
        if into is None or self._kept is None:
            return
        if not values.distance:
            torch.mul(self._kept, values.low, out=into)
            return
        old, new = self._kept.view(-1), into.view(-1)
        kept = old.numel() - values.distance
        torch.mul(old[:kept], values.low, out=new[values.distance :])
        torch.mul(old[kept:], values.high, out=new[: values.distance])

    def place(self) -> int:
        """Of some element, drawn."""
        return int(self._draw() * self._raw.numel()) if self._raw is not None else 0

    def negate(self, place: int) -> None:
        """Change the sign of one element; twice leaves all as it was."""
        if self._raw is not None and self.changes:
            at = []
            for size in reversed(self._raw.shape):  # torch.unravel_index imports sympy: a second, in the way of samples
                place, axis = divmod(place, size)
                at.append(slice(axis, axis + 1))
            self._raw[tuple(reversed(at))].neg_()

    def signs(self) -> torch.Tensor | None:
        """1 or -1 for every map of the input, drawn: alike within one, so that its mean moves too."""
        if self._raw is None:
            return None
        shape = [*self._raw.shape[:2], *[1] * (self._raw.dim() - 2)]
        return torch.empty(shape, dtype=torch.float64, device=self._raw.device).bernoulli_() * 2 - 1

    def nudge(self, ulps: float, signs: torch.Tensor | None) -> None:
        """Move every element by so many units in its last place, up or down."""
        if self._raw is not None and signs is not None:
            self._raw.copy_(self._raw.double() * (1 + ulps * torch.finfo(self._raw.dtype).eps * signs))
