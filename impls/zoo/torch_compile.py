"""The models through torch.compile, whole and with static shapes; `torch_compile:frozen` and its neighbours take the
weights for constants, as a runtime that reads a file does (`impls.freezing`).
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from impls.compiled import compiled, preparing, why_not
from impls.freezing import WAYS, frozen
from impls.resident import loaded
from impls.threads import use_threads
from impls.zoo.building import build
from impls.zoo.definition import module_for
from opbench import Backend, Figured

if TYPE_CHECKING:
    from torch import Tensor

    from opbench import Inputs, Launch, Point


def prepare(point: Point, inputs: Inputs, _: Tensor | None, schedule: str) -> Launch:
    """Its `load_s` and `peak_bytes` have the compiler's in this process among them; it starts others as well."""
    use_threads(point.axes)  # before compiling: the number of threads is written into the kernels
    build(point.operator)
    x = inputs["x"]
    launch, figures = loaded(lambda: _compiled(point, x, schedule), lambda launch: launch(), point.device)
    return Figured(launch, figures)


def _compiled(point: Point, x: Tensor, schedule: str) -> Launch:
    model = module_for(point)

    def forward(x: Tensor) -> Tensor:
        logits: Tensor = model(x)
        return logits

    if schedule in WAYS:
        return frozen(partial(compiled(forward), x), schedule)
    return partial(compiled(forward, x), x)


BACKEND = Backend(
    about="torch.compile of the whole model, its weights as constants where a schedule is named",
    prepare=prepare,
    kind="compiler",
    schedules=tuple(WAYS),
    unavailable=why_not,
    preparing=partial(preparing, each_s=60.0, ahead=False),
)
