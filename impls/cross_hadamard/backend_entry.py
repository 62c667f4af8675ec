"""What a backend file tells the harness: it is timed as the public function with its backend named."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from opbench import Backend

if TYPE_CHECKING:
    from torch import Tensor

    from opbench import Inputs, Launch, Point
    from opbench.vocabulary.backend import Prepare


def backend_of(name: str, **details: Any) -> Backend:
    """The harness's entry for the backend `name`; `details` are further fields of `Backend`."""
    return Backend(prepare=launch_of(name), modes=frozenset({"forward", "out", "backward"}), **details)


def launch_of(backend: str) -> Prepare:
    """A `Backend.prepare` for the operators `cross_hadamard` and `ach_expand` in every mode.

    The first call, inside prepare, compiles or builds whatever the backend needs for this very shape.
    """

    def prepare(point: Point, inputs: Inputs, out: Tensor | None, schedule: str) -> Launch:
        named = f"{backend}:{schedule}" if schedule else backend
        launch = _launch(point, inputs, out, named)
        launch()
        return launch

    return prepare


def _launch(point: Point, inputs: Inputs, out: Tensor | None, backend: str) -> Launch:
    from impls.cross_hadamard import functional

    if point.mode == "backward":
        return _backward_launch(point, inputs, backend)
    if point.operator == "ach_expand":
        tensors = (inputs[name] for name in ("x", "index", "alpha", "weight", "bias"))
        return partial(functional.ach_expand, *tensors, backend=backend)
    return partial(functional.cross_hadamard, inputs["x"], inputs.get("index"), backend=backend, out=out)


def _backward_launch(point: Point, inputs: Inputs, backend: str) -> Launch:
    """The kernels themselves: autograd's engine would add a thread's wake-up to every call.

    Of ach_expand's four gradients, all computed, the launch returns that of x.
    """
    from impls.cross_hadamard.kernels import resolve

    kernels, _ = resolve(backend, point.device)
    grad, x, index = inputs["grad"], inputs["x"], inputs.get("index")
    if point.operator == "ach_expand":
        assert index is not None
        parameters = (inputs["alpha"], inputs["weight"], inputs["bias"])
        return lambda: kernels.expand_backward(grad, x, index, *parameters, "softsign")[0]
    return partial(kernels.backward, grad, x, index)
