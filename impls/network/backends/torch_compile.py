"""The networks through torch.compile, whole and with static shapes.

By itself every ACH is written out in PyTorch's operators, which the compiler fuses with what stands around them: the
strongest form it has. `torch_compile:auto` compiles the network around our operators instead, each one node of the
graph, `torch_compile:products` leaves the layers eager and compiles the expansions alone, and `torch_compile:frozen`
takes the weights for constants, as a runtime that reads a file does (`impls.freezing` has it and its further ways).
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from impls.compiled import compiled, preparing, why_not
from impls.freezing import WAYS, frozen
from impls.network.launches import launch_of, network_of
from impls.network.product_backends import MODES, prepare_inside
from impls.threads import use_threads
from opbench import Backend
from opbench.errors import UsageError

if TYPE_CHECKING:
    from torch import Tensor

    from opbench import Inputs, Launch, Point


def prepare(point: Point, inputs: Inputs, out: Tensor | None, schedule: str) -> Launch:
    if schedule == "products":
        return prepare_inside("torch_compile")(point, inputs, out, "")
    if schedule in WAYS and point.mode != "forward":
        raise UsageError(
            f"torch_compile:{schedule} has no mode {point.mode!r}: its weights are constants; leave out :{schedule}"
        )
    use_threads(point.axes)  # before compiling: the number of threads is written into the kernels
    network = network_of(point, inputs, "auto", written=schedule != "auto")

    def forward(x: Tensor) -> Tensor:
        scores: Tensor = network(x)
        return scores

    launch = launch_of(point, inputs, compiled(forward), network)
    if schedule in WAYS:
        return frozen(launch, schedule)
    launch()
    return launch


BACKEND = Backend(
    about="torch.compile of the whole network, ACH written out (or `auto` inside, only products, or frozen)",
    prepare=prepare,
    modes=MODES,
    kind="compiler",
    schedules=("auto", "products", *WAYS),
    unavailable=why_not,
    preparing=partial(preparing, each_s=30.0, ahead=False),
)
