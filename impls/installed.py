"""Whether a library that a backend stands on is installed, for which nothing is imported; and the library itself."""

from __future__ import annotations

import importlib.util
from importlib import import_module
from typing import Any

from opbench.errors import MachineError


def why_not_installed(module: str, package: str) -> str | None:
    """What to install where the module cannot be found, or None."""
    if importlib.util.find_spec(module) is not None:
        return None
    return f"{package} is not installed; python -m pip install {package}"


def imported(module: str, missing: str) -> Any:
    """The module. Raises MachineError with what `missing` says where it is not installed; what is missing within it
    passes through.
    """
    try:
        return import_module(module)
    except ModuleNotFoundError as exc:
        if exc.name != module:
            raise
        raise MachineError(missing) from exc
