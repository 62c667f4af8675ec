"""Counting without the import of PyTorch's compiler.

PyTorch keeps dispatch modes, and meta kernels that are written in Python, from being compiled: the first call of each
imports `torch._dynamo` and has it say so. The import takes 1.3 s on two cores of an Intel Xeon, in every process that
counts. Where nobody has imported it nothing is being compiled, so there is nothing to keep anything from.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import torch

NAME = "_dynamo"
COMPILER = f"torch.{NAME}"

CALLED_INSTEAD = "__dynamo_disable"
"""Attribute of a function under which PyTorch keeps what it calls instead of it, once it asked."""


@contextmanager
def without_compiler() -> Iterator[None]:
    """Have PyTorch not import its compiler for functions that are only to be kept from it. Whoever wants anything else
    of the compiler in the meantime has it imported, as ever.
    """
    if COMPILER in sys.modules:
        yield
        return
    compiler = _NotImported(COMPILER)
    sys.modules[COMPILER] = compiler
    setattr(torch, NAME, compiler)
    try:
        yield
    finally:
        compiler.leave()


class _NotImported(ModuleType):
    """In the place of the compiler's module, until it is imported."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._asked: list[Callable[..., Any]] = []

    def disable(self, function: Callable[..., Any], *_: object, **__: object) -> Callable[..., Any]:
        """The function: nothing would compile it."""
        self._asked.append(function)
        return function

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name != "__path__":  # which a module in the compiler's package is imported by
            raise AttributeError(name)
        self.leave()
        return getattr(importlib.import_module(COMPILER), name)

    def leave(self) -> None:
        """Make way, and have PyTorch ask the compiler itself the next time."""
        if sys.modules.get(COMPILER) is self:
            del sys.modules[COMPILER]
        if vars(torch).get(NAME) is self:
            delattr(torch, NAME)
        for function in self._asked:
            if vars(function).get(CALLED_INSTEAD) is function:
                delattr(function, CALLED_INSTEAD)
        self._asked.clear()
