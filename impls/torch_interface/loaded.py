"""A library of operators in this process: what the dispatcher has of it, and its functions of C."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from pathlib import Path
from typing import Any


class Loaded:
    """The operators of namespace `name`, as attributes, and which vector instructions they run with.

    Opens the library, which registers them. Raises OSError where it cannot be opened.
    """

    def __init__(self, name: str, path: Path) -> None:
        import torch

        load_library: Callable[[str], None] = torch.ops.load_library
        load_library(str(path))
        self._operators = getattr(torch.ops, name)
        self.c = ctypes.CDLL(str(path))
        """Its functions of C."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._operators, name)

    def vectors(self) -> str:
        """The set of vector instructions in use."""
        return _text(self.c.opbench_vectors)

    def usable_vectors(self) -> list[str]:
        """Those that were compiled and that this processor has, the narrowest first."""
        return _text(self.c.opbench_usable_vectors).splitlines()

    def use_vectors(self, name: str) -> None:
        """Take these from now on, "" for the widest. Raises ValueError for a name that is none of `usable_vectors`."""
        use = self.c.opbench_use_vectors
        use.argtypes, use.restype = [ctypes.c_char_p], ctypes.c_bool
        if not use(name.encode()):
            there = ", ".join(self.usable_vectors())
            raise ValueError(f"no vectors {name!r} on this processor; there are: {there}")

    def use_stream_from(self, fresh_bytes: int, reused_bytes: int) -> None:
        """Let stores go around the caches for outputs of so many bytes and more: fresh ones, and those given.

        Raises ValueError for negative numbers.
        """
        if min(fresh_bytes, reused_bytes) < 0:
            raise ValueError(
                f"stores go around the caches from {fresh_bytes} and {reused_bytes} bytes on; "
                "expected numbers of 0 and above"
            )
        self.c.opbench_use_stream_from(ctypes.c_int64(fresh_bytes), ctypes.c_int64(reused_bytes))

    def stream_from(self) -> tuple[int, int]:
        """What `use_stream_from` was told last."""
        sizes = (ctypes.c_int64 * 2)()
        self.c.opbench_stream_from(sizes)
        return sizes[0], sizes[1]


def _text(function: Any) -> str:
    function.restype = ctypes.c_char_p
    return str(function().decode())
