"""Optional libraries of models, imported where they are used: they take seconds, and an installation may lack them."""

from __future__ import annotations

import warnings
from importlib import import_module
from typing import Any

from impls.torchvision_import import make_torchvision_importable
from opbench.errors import MachineError


def library(name: str) -> Any:
    """The module of timm, torchvision or transformers.

    Raises MachineError where its package is absent; one that is there and fails to import raises what it raises.
    """
    package = name.partition(".")[0]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what other libraries deprecate in each other
            make_torchvision_importable()
            return import_module(name)
    except ModuleNotFoundError as exc:
        missing = exc.name or ""
        if missing.partition(".")[0] not in {package, "torchvision"}:
            raise
        raise MachineError(f"{missing} is not installed; `python -m pip install {missing}`") from exc
