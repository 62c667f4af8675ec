"""The networks with the cross-Hadamard products and expansions of one backend inside, PyTorch's own layers around."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from impls.network.given import launch_of, network_of
from impls.resident import loaded
from impls.threads import use_threads
from opbench import Backend, Figured

if TYPE_CHECKING:
    from torch import Tensor

    from opbench import Inputs, Launch, Point
    from opbench.backend import Prepare

MODES = frozenset({"forward", "backward"})


def backend_inside(name: str) -> Backend:
    """The harness's entry for the backend `name` of `impls.cross_hadamard`, with its devices, schedules and needs."""
    products: Backend = import_module(f"impls.cross_hadamard.{name}").BACKEND
    return Backend(
        about=f"PyTorch's layers, pairs and expansions by {name}: {products.about}",
        prepare=prepare_inside(name),
        devices=products.devices,
        dtypes=products.dtypes,
        modes=MODES,
        schedules=products.schedules,
        simulator=products.simulator,
        unavailable=products.unavailable,
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
            return _launch(point, {key: one.clone() for key, one in inputs.items()}, backend)

        figures = loaded(load, lambda launch: launch(), point.device)[1]
        return Figured(_launch(point, inputs, backend), figures)

    return prepare


def _launch(point: Point, inputs: Inputs, backend: str) -> Launch:
    network = network_of(point, inputs, backend)
    return launch_of(point, inputs, network, network)
