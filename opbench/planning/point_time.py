"""How long a point is expected to take, by its cases and its size alone: nothing here looks at a clock or a cache."""

from __future__ import annotations

from opbench import catalog
from opbench.errors import OpbenchError
from opbench.measure.timing.sampler import WARMUP_S
from opbench.planning.plan import Task
from opbench.vocabulary.backend import Backend
from opbench.vocabulary.case import Point
from opbench.vocabulary.settings import Settings

POINT_S, CASE_S = 0.2, 0.15
"""A point's inputs, reference and counting, and a case's checks, small ones."""

CHECK_S_A_BYTE = 10e-9
"""Of what a case writes: it is poisoned, computed in float64 and compared, all of that twice, which takes
half of this on two quiet cores of a Xeon (family 6, model 207)."""

SPLIT_S = 0.3


def size_bytes(point: Point) -> float:
    """What a call writes, once where it writes the same memory again and again."""
    operator = catalog.operator(point.operator)
    written = operator.work(point).bytes_written
    return min(written, operator.sizes(point.axes).get("working_set_bytes", written))


def case_s(size_bytes: float, settings: Settings) -> float:
    """Seconds of one case that writes so many bytes, without compiling it."""
    return CASE_S + WARMUP_S + settings.budget_s + SPLIT_S * settings.split + CHECK_S_A_BYTE * size_bytes


class PointTimes:
    """Seconds that all cases of a task take, of many tasks: what its backends say of compiling is asked once each."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._compiling_s: dict[tuple[str, str], float] = {}

    def __call__(self, task: Task) -> float:
        """0 for a point that is skipped. A size that the operator cannot tell here counts as none."""
        if task.skip is not None:
            return 0.0
        try:
            size = size_bytes(task.point)
        except OpbenchError:
            size = 0.0
        each = case_s(size, self._settings)
        return POINT_S + sum(each + self._compiling(task.point.operator, case.backend) for case in task.cases)

    def _compiling(self, operator: str, backend: str) -> float:
        key = operator, backend
        if key not in self._compiling_s:
            found = catalog.backend(operator, backend)
            self._compiling_s[key] = found.preparing().each_s if isinstance(found, Backend) else 0.0
        return self._compiling_s[key]
