"""The networks with the cross-Hadamard products and expansions of one backend inside, PyTorch's own layers around."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from impls.cross_hadamard import kernels
from impls.network.launches import launch_of, network_of
from impls.resident import loaded
from impls.threads import use_threads
from opbench import Backend, Figured, Preparing

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from opbench import Inputs, Launch, Point
    from opbench.vocabulary.backend import Prepare

MODES = frozenset({"forward", "backward"})


def products_inside() -> dict[str, Callable[[], Backend]]:
    """A backend of the networks for each of the product's that the public functions know, by the same name."""
    return {name: partial(backend_inside, name) for name in kernels.backends()}


def backend_inside(name: str) -> Backend:
    """The harness's entry for the backend `name` of the product, with its devices, schedules and needs."""
    products = kernels.entry_of(name)
    return replace(
        products,
        about=f"PyTorch's layers, pairs and expansions by {name}: {products.about}",
        prepare=prepare_inside(name),
        modes=MODES,
        resources=None,
        preparing=Preparing,
    )


def prepare_inside(name: str) -> Prepare:
    """A `Backend.prepare`; the first call, inside it, compiles or builds whatever the backend needs.

    That call is one of a copy, so that the figures have the memory of the weights among them: those of the launch are
    the inputs, which are there already.
    """

    def prepare(point: Point, inputs: Inputs, _: Tensor | None, schedule: str) -> Launch:
        use_threads(point.axes)
        backend = f"{name}:{schedule}" if schedule else name

        def load() -> Launch:
            return _launch(point, {key: tensor.clone() for key, tensor in inputs.items()}, backend)

        figures = loaded(load, lambda launch: launch(), point.device)[1]
        return Figured(_launch(point, inputs, backend), figures)

    return prepare


def _launch(point: Point, inputs: Inputs, backend: str) -> Launch:
    network = network_of(point, inputs, backend)
    return launch_of(point, inputs, network, network)
