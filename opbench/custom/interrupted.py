"""A comparison that was interrupted, and what is kept of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from opbench.custom.result import Result


class Interrupted(KeyboardInterrupt):
    """Ctrl-C, or a notebook's stop button, while callables were compared; its processes have ended by then.

    result: of the cases that were measured before. cases: how many were asked for.
    """

    def __init__(self, result: Result, cases: int) -> None:
        self.result, self.cases = result, cases
        super().__init__(self.told)

    @property
    def told(self) -> str:
        """One line: what was kept, and what was lost."""
        if not self.result:
            return f"interrupted before the first of {self.cases} cases was measured: nothing is kept"
        kept = f"{len(self.result)} of {self.cases} cases are kept, in `sys.last_value.result`"
        return f"interrupted: {kept}; the point at work is lost"

    def _render_traceback_(self) -> list[str]:
        """What IPython shows of it: the line, without the way through files of ours."""
        return [self.told]
