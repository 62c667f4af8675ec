"""Carries a definition to a measuring process: importable callables by name, all others by value (cloudpickle)."""

from __future__ import annotations

import inspect
import io
import os
import pickle
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FunctionType
from typing import Any

import cloudpickle
import torch

from opbench.custom.definition import Definition
from opbench.errors import UsageError, describe_exception


class _Pickler(cloudpickle.Pickler):  # type: ignore[misc]  # it ships no types
    """With what `torch.compile` returned for a function taken apart, and compiled again where it arrives."""

    def reducer_override(self, obj: Any) -> Any:
        if isinstance(obj, FunctionType) and hasattr(obj, "_torchdynamo_orig_callable"):
            return _compiled, (obj._torchdynamo_orig_callable, compile_options(obj))  # noqa: SLF001
        return super().reducer_override(obj)


def compile_options(function: FunctionType) -> dict[str, Any]:
    """What `torch.compile` was given, the backend inductor and a mode as its options.

    Raises pickle.PicklingError for another backend, and where this PyTorch keeps it elsewhere.
    """
    try:
        context = inspect.getclosurevars(function).nonlocals["self"]
        backend = context.callback
        while hasattr(backend, "_torchdynamo_orig_backend"):
            backend = backend._torchdynamo_orig_backend  # noqa: SLF001  # there is no public way to ask
        if type(backend).__name__ != "_TorchCompileInductorWrapper":
            raise pickle.PicklingError(f"it is compiled by {type(backend).__name__}")
        return {"fullgraph": context.fullgraph, "dynamic": backend.dynamic, "options": dict(backend.config) or None}
    except (AttributeError, KeyError) as exc:
        raise pickle.PicklingError(f"what torch.compile was given is not known ({exc})") from exc


def _compiled(function: Callable[..., Any], options: dict[str, Any]) -> Any:
    return torch.compile(function, **options)


@contextmanager
def by_value(module: str) -> Iterator[None]:
    """Functions and classes of the module travel whole meanwhile, as those of `__main__` do.

    For a module that cannot be imported where they arrive, or must not be, because it does things: a test's.
    """
    found = sys.modules.get(module)
    if found is None or module in cloudpickle.list_registry_pickle_by_value():
        yield
        return
    cloudpickle.register_pickle_by_value(found)
    try:
        yield
    finally:
        cloudpickle.unregister_pickle_by_value(found)


def write(definition: Definition, path: Path) -> None:
    """Raises UsageError where something of it cannot be carried, naming what."""
    buffer = io.BytesIO()
    try:
        pickle.dump(list(filter(None, sys.path)), buffer)
        _Pickler(buffer).dump(definition)
    except Exception as exc:
        raise UsageError(f"not all callables can be carried to another process ({describe_exception(exc)})") from exc
    path.write_bytes(buffer.getvalue())
    os.chmod(path, 0o600)  # noqa: PTH101
