"""rich's progress display, seen only once some seconds have passed: what is over by then needs none."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from rich.progress import Progress, ProgressColumn

if TYPE_CHECKING:
    from rich.console import RenderableType


class LateProgress(Progress):
    """after_s: seconds from its making to its first line, by `clock`. Everything else is `rich.progress.Progress`'s."""

    def __init__(
        self, *columns: ProgressColumn, after_s: float, clock: Callable[[], float] = time.monotonic, **options: Any
    ) -> None:
        self._clock, self._due = clock, clock() + after_s  # first: what it draws is asked for while it is made
        super().__init__(*columns, **options)

    def get_renderables(self) -> Iterable[RenderableType]:
        """Nothing before it is due."""
        return super().get_renderables() if self._clock() >= self._due else ()
