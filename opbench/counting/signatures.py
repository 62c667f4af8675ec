"""What formulas take and return."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

Shape: TypeAlias = tuple[int, ...]
Counts: TypeAlias = dict[str, int]
Formula: TypeAlias = "Callable[[Sequence[Shape | None], Shape], int]"
"""From the shapes of the arguments (None for an argument that is no tensor) and of the first result."""

Rule: TypeAlias = "Callable[[Sequence[Shape | None], Shape], Counts]"
"""As a Formula, by the kind of what is counted; a kind that is not there is 0."""
