"""PyTorch's headers, compiled once for all libraries that include them.

MEASURED
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from impls.build_guard import guarded
from impls.build_place import built, whole
from impls.cxx import command, compile_with
from opbench.cache import cache_folder
from opbench.store.files import write_whole

NAMES = ("ATen/Dispatch.h", "ATen/Parallel.h", "ATen/core/Tensor.h", "ATen/ops/empty.h", "torch/library.h")
"""What most of our files with PyTorch include; a file names what it needs all the same, and finds it there."""


@dataclass(frozen=True)
class Headers:
    """One header that includes all of NAMES, to be included first, and beside it what the compiler made of it."""

    header: Path
    flags: tuple[str, ...]

    def build(self) -> None:
        """Unless it is there. Raises MachineError with the compiler's words where it fails."""
        compiled = self.header.with_suffix(".h.gch")
        if whole(compiled):
            return
        built(compiled.name, compiled, self._compile)

    def _compile(self, to: Path) -> None:
        words = [*self.flags, "-x", "c++-header", str(self.header), "-o", str(to)]
        with guarded(to.parent):
            compile_with("PyTorch's headers", words, to.parent)


def precompiled(flags: Sequence[str]) -> Headers:
    """For units that are compiled with these flags and no others, but for macros that PyTorch does not know."""
    import torch

    told = "\0".join([torch.__version__, *command(), *flags, _text()])
    digest = hashlib.sha256(told.encode()).hexdigest()[:16]
    header = cache_folder().absolute() / "objects" / f"torch-{digest}.h"
    if not header.exists():
        write_whole(header, _text().encode())
    return Headers(header, tuple(flags))


def _text() -> str:
    return "".join(f"#include <{name}>\n" for name in NAMES)
