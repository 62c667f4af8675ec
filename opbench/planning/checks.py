"""What a check looks at: an operator's points, and those of its backends that have kernels for the device."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext

from opbench import catalog, simulation
from opbench.errors import UsageError
from opbench.vocabulary.case import Axes, AxisValue, Point
from opbench.vocabulary.operator import Operator
from opbench.vocabulary.record import Unavailable


def check_points(
    operator: Operator,
    given: Mapping[str, tuple[AxisValue, ...]],
    dtypes: Sequence[str],
    modes: Sequence[str],
    device: str,
) -> Iterator[Point]:
    """The operator's own check points, or all combinations of the `given` axis values, in each dtype and mode.

    Raises UsageError for an axis or a value that the operator does not have.
    """
    if given:
        grid = [dict(zip(given, values, strict=True)) for values in itertools.product(*given.values())]
    else:
        grid = [dict(point) for point in operator.check_points]
    for values, dtype, mode in itertools.product(grid, dtypes, modes):
        yield Point(operator.name, operator.complete(Axes(values)), dtype, device, mode, "none")


def checked_backends(name: str, device: str, *, simulate: bool = False) -> Iterator[str]:
    """Every backend and schedule that has kernels for the device; under simulation, those that something simulates.

    Of compiled kernels those too whose source alone has a simulator: a check then says so of them.
    """
    compiled = simulation.on_ptx()
    for backend in catalog.backend_names(name):
        found = catalog.backend(name, backend)
        if isinstance(found, Unavailable):
            yield backend
        elif (
            found.simulator or (compiled and found.ptx) if simulate else device in found.devices
        ) and not found.by_name:
            yield from (f"{backend}:{schedule}" for schedule in found.schedules) if found.schedules else (backend,)


ARCHITECTURE = "sm_90"
"""What is compiled for where no other is asked for."""


def compiled_for(simulate: str, asked: str) -> str:
    """The architecture asked for, or sm_90 unasked.

    Raises UsageError for one that nothing is compiled for.
    """
    if asked and simulate != simulation.PTX:
        raise UsageError(f"--arch {asked} says what --simulate=ptx compiles for; give both, or neither")
    return asked or ARCHITECTURE


def surroundings(architecture: str = ARCHITECTURE) -> AbstractContextManager[object]:
    """What a check runs within: where `opbench.simulation` is on, and on PTX, a device that is not there.

    Raises UsageError for an architecture that is not known.
    """
    if not (simulation.active() and simulation.on_ptx()):
        return nullcontext()
    from opbench import ptx

    return ptx.device(architecture)
