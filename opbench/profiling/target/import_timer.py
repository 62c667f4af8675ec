"""How long imports take inside something that is timed, so that they can be left out of it.

What a backend imports when it prepares says how large a library is, not what it compiles: the first graph that
PyTorch's compiler makes imports 3 s of Python.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from importlib.machinery import ExtensionFileLoader, SourceFileLoader
from time import perf_counter
from typing import Any, Self
from unittest import mock

LOADER_STEPS = (
    (SourceFileLoader, "exec_module"),
    (ExtensionFileLoader, "create_module"),
    (ExtensionFileLoader, "exec_module"),
)
"""What takes long in an import. Code that libraries generate and load by other means is none of them, and is theirs."""


class ImportTimer:
    """As a context, adds up the seconds that this thread spends on importing modules; nested imports count once."""

    def __init__(self, clock: Callable[[], float] = perf_counter) -> None:
        self.seconds = 0.0
        self._clock, self._thread, self._depth = clock, threading.get_ident(), 0
        self._patches = [mock.patch.object(loader, name, self._timed(loader, name)) for loader, name in LOADER_STEPS]

    def __enter__(self) -> Self:
        for patch in self._patches:
            patch.start()
        return self

    def __exit__(self, *_: object) -> None:
        for patch in self._patches:
            patch.stop()

    def _timed(self, loader: type[Any], name: str) -> Callable[..., Any]:
        step: Callable[..., Any] = getattr(loader, name)

        def timed(*arguments: Any) -> Any:
            if self._depth or threading.get_ident() != self._thread:
                return step(*arguments)
            self._depth, start_s = 1, self._clock()
            try:
                return step(*arguments)
            finally:
                self._depth = 0
                self.seconds += self._clock() - start_s

        return timed
