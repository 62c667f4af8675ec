"""What is done to a module as soon as it is there: at once where it is imported already, else when it is imported."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType
from typing import Any


@contextmanager
def once_imported(name: str, act: Callable[[ModuleType], None]) -> Iterator[None]:
    """Inside, `act` is called with the module of that name, once, after it has been executed."""
    if (module := sys.modules.get(name)) is not None:
        act(module)
        yield
        return
    finder = _Watch(name, act)
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        if finder in sys.meta_path:
            sys.meta_path.remove(finder)


class _Watch(MetaPathFinder):
    """Finds the module as the others do, and wraps what executes it. It is asked once, and goes."""

    def __init__(self, name: str, act: Callable[[ModuleType], None]) -> None:
        self._name, self._act = name, act

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        del path, target
        if fullname != self._name:
            return None
        sys.meta_path.remove(self)
        spec = find_spec(fullname)
        if spec is not None and spec.loader is not None:
            loader: Any = spec.loader
            execute = loader.exec_module

            def executed(module: ModuleType) -> None:
                execute(module)
                self._act(module)

            loader.exec_module = executed
        return spec
