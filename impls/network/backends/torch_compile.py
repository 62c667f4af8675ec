"""The networks through torch.compile, whole and with static shapes.

By itself every ACH is written out in PyTorch's operators, which the compiler fuses with what stands around them: the
strongest form it has. `torch_compile:auto` compiles the network around our operators instead, each one node of the
graph, `torch_compile:products` leaves the layers eager and compiles the expansions alone, and `torch_compile:frozen`
takes the weights for constants, as a runtime that reads a file does: BatchNorm is folded then, and layouts are free.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import torch

from impls.compiled import compiled, preparing, why_not
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
    if schedule == "frozen" and point.mode != "forward":
        raise UsageError(
            f"torch_compile:frozen has no mode {point.mode!r}: its weights are constants; leave out :frozen"
        )
    use_threads(point.axes)  # before compiling: the number of threads is written into the kernels
    network = network_of(point, inputs, "auto", written=schedule != "auto")

    def forward(x: Tensor) -> Tensor:
        scores: Tensor = network(x)
        return scores

    launch = launch_of(point, inputs, compiled(forward), network)
    if schedule == "frozen":
        return _frozen(launch)
    launch()
    return launch


def _frozen(launch: Launch) -> Launch:
    """Compiled with parameters as constants, which Inductor does where no gradient can be wanted; and called so."""
    from torch._inductor import config

    def without_gradients() -> Tensor:
        with torch.no_grad():
            return launch()

    with config.patch(freezing=True):
        without_gradients()
    return without_gradients


BACKEND = Backend(
    about="torch.compile of the whole network, ACH written out (or `auto` inside, only products, or frozen)",
    prepare=prepare,
    modes=MODES,
    kind="compiler",
    schedules=("auto", "products", "frozen"),
    unavailable=why_not,
    preparing=partial(preparing, each_s=30.0, ahead=False),
)
