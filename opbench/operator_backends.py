"""The backends of one operator: files of its package, what the operator makes itself, and what other packages announce.

A file goes before what the operator makes under the same name, and both before another package's, whose entry point is
named `OPERATOR.NAME`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from importlib import import_module
from typing import Any

from opbench import plugins
from opbench.assignments import backend_modules
from opbench.plugins import Plugin
from opbench.vocabulary.backend import Backend
from opbench.vocabulary.operator import Operator
from opbench.vocabulary.record import Unavailable

OPTIONAL = frozenset(
    {"triton", "cupy", "numba", "fvcore", "onnx", "onnxruntime", "onnxscript"}
    | {"sklearn", "timm", "torchvision", "transformers"}
)
"""Libraries whose absence makes a backend Unavailable; the failed import of any other is a bug and raises."""

Make = Callable[[], "Backend | Unavailable"]


def makers(operator: Operator, package: str) -> dict[str, Make]:
    """What gives each backend, by name. package: where the operator's files are; "" where it stands in no package."""
    theirs = {name: partial(plugin.backend, _backend_of) for name, plugin in announced(operator.name).items()}
    return {**theirs, **own_makers(operator, package)}


def own_makers(operator: Operator, package: str) -> dict[str, Make]:
    """Those that no other package announces."""
    modules = backend_modules(operator.backends or package) if package else {}
    files = {name: partial(_assigned_backend, module) for name, module in modules.items()}
    return {**operator.further_backends(), **files}


def announced(operator_name: str) -> Mapping[str, Plugin]:
    """Other packages' backends of this operator, by their names within it."""
    named = {name.rpartition("."): plugin for name, plugin in plugins.announced("backends").items()}
    return {name: plugin for (of, _, name), plugin in named.items() if of == operator_name}


def _backend_of(module: Any) -> Backend:
    assigned: Backend = module.BACKEND
    return assigned


def _assigned_backend(module: str) -> Backend:
    return _backend_of(import_module(module))


def made(make: Make) -> Backend | Unavailable:
    """The backend, or which library of OPTIONAL is not here."""
    try:
        return make()
    except ModuleNotFoundError as exc:
        return Unavailable(f"{missing_library(exc)} is not installed")


def missing_library(exc: ModuleNotFoundError) -> str:
    """The optional library that a failed import wanted. Raises `exc` again where it is another: a bug."""
    library = (exc.name or "").partition(".")[0]
    if library not in OPTIONAL:
        raise exc
    return library


def as_far_as(operator: Operator, backend: Backend) -> Backend:
    """The backend with the modes and schedules that this operator has; it may serve several."""
    schedules = tuple(name for name in backend.schedules if name in operator.schedules or not operator.schedules)
    return replace(backend, modes=backend.modes & operator.modes, schedules=schedules)
