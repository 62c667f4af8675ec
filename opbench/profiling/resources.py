"""What a case's GPU kernels take of the machine, told by their compilers; no GPU is needed."""

from __future__ import annotations

from opbench import catalog
from opbench.backend import Backend, KernelResources
from opbench.case import Case
from opbench.errors import MachineError
from opbench.record import Unavailable

__all__ = ["KernelResources", "resources_of"]


def resources_of(case: Case) -> tuple[KernelResources, ...]:
    """Of every kernel that one launch of the case starts, in that order.

    Raises UsageError for an unknown operator, backend or schedule; MachineError where the backend has no way to say,
    naming those that do, where its library or compiler is missing, and where the launch starts no kernel.
    """
    found = catalog.backend(case.point.operator, case.backend)
    if isinstance(found, Unavailable):
        raise MachineError(f"{case.backend}: {found.reason}")
    if found.resources is None:
        able = ", ".join(_able(case.point.operator)) or "none"
        raise MachineError(
            f"{case.backend} does not say what its kernels take of a GPU; for {case.point.operator} these do: {able}"
        )
    kernels = tuple(found.resources(case.point, case.backend.partition(":")[2]))
    if not kernels:
        raise MachineError(f"{case.backend} starts no kernel of its own for {case.point}")
    return kernels


def _able(operator: str) -> list[str]:
    backends = {name: catalog.backend(operator, name) for name in catalog.backend_names(operator)}
    return [name for name, one in backends.items() if isinstance(one, Backend) and one.resources is not None]
