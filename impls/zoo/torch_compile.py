"""The models through torch.compile, whole and with static shapes."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from impls.compiled import compiled, preparing, why_not
from impls.resident import loaded
from impls.threads import use_threads
from impls.zoo.building import build
from impls.zoo.definition import module_for
from opbench import Backend, Figured

if TYPE_CHECKING:
    from torch import Tensor

    from opbench import Inputs, Launch, Point


def prepare(point: Point, inputs: Inputs, _: Tensor | None, __: str) -> Launch:
    """Its `load_s` and `peak_bytes` have the compiler's in this process among them; it starts others as well."""
    use_threads(point.axes)  # before compiling: the number of threads is written into the kernels
    build(point.operator)
    x = inputs["x"]
    call, figures = loaded(lambda: _compiled(point, x), lambda call: call(x), point.device)
    return Figured(partial(call, x), figures)


def _compiled(point: Point, x: Tensor) -> Callable[[Tensor], Tensor]:
    model = module_for(point)

    def forward(x: Tensor) -> Tensor:
        logits: Tensor = model(x)
        return logits

    return compiled(forward, x)


BACKEND = Backend(
    about="torch.compile of the whole model",
    prepare=prepare,
    kind="compiler",
    unavailable=why_not,
    preparing=partial(preparing, each_s=60.0, ahead=False),
)
