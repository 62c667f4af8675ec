"""What a case's GPU kernels take of the machine, told by their compilers; no GPU is needed."""

from __future__ import annotations

from opbench import catalog
from opbench.errors import MachineError
from opbench.vocabulary.backend import Backend, KernelResources
from opbench.vocabulary.case import Case
from opbench.vocabulary.record import Unavailable


def kernel_resources_of(case: Case) -> tuple[KernelResources, ...]:
    """Return the resources of every kernel that one launch of the case starts, in that order.

    Raises UsageError for an unknown operator, backend or schedule; MachineError where the backend has no way to say,
    naming those that do, where its library or compiler is missing, and where the launch starts no kernel.
    """
    operator = case.point.operator
    backend = catalog.backend(operator, case.backend)
    if isinstance(backend, Unavailable):
        raise MachineError(f"{case.backend}: {backend.reason}")
    if backend.resources is None:
        backends = {name: catalog.backend(operator, name) for name in catalog.backend_names(operator)}
        able = [name for name, other in backends.items() if isinstance(other, Backend) and other.resources is not None]
        if not able:
            raise MachineError(
                f"no backend of {operator} says what its kernels take of a GPU, so {case.backend} cannot"
            )
        raise MachineError(
            f"{case.backend} does not say what its kernels take of a GPU; for {operator} these do: {', '.join(able)}"
        )
    kernels = tuple(backend.resources(case.point, case.backend.partition(":")[2]))
    if not kernels:
        raise MachineError(f"{case.backend} starts no kernel of its own for {case.point}")
    return kernels
