"""Libraries that a wheel brought along, so that whoever installs it needs no compiler: see `shipping.py`.

They are beside this file in `shipped/`; a clone has none. One is taken where it is of the very sources that are
installed and for a processor of this kind, and one that was built from PyTorch's headers where the installed PyTorch is
of that release; else libraries are built on first use as ever.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path

from impls import vector_variants
from impls.processor import processor
from impls.sealed import damage

FOLDER = Path(__file__).parent / "shipped"
ABOUT = "about.json"


def file_name(name: str, files: Iterable[Path]) -> str:
    """Of the library of these sources and headers."""
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.read_bytes())
    return f"{name}-{digest.hexdigest()[:16]}.so"


def found(name: str, files: Iterable[Path], *, headers: bool = False) -> Path | None:
    """The library of these files that came along and fits here, or None. headers: of those built from PyTorch's."""
    if why_none(headers=headers) is not None:
        return None
    library = FOLDER / file_name(name, files)
    return library if damage(library) is None else None


@lru_cache(maxsize=2)
def why_none(*, headers: bool = False) -> str | None:
    """Why no library that came along can be used here, or None. Reads two small files, and does not import PyTorch.

    headers: none of those that were built from PyTorch's headers, which are of one release.
    """
    try:
        built_for = json.loads((FOLDER / ABOUT).read_text(encoding="utf-8"))["torch"]
    except (OSError, ValueError, TypeError, KeyError, RecursionError):  # not there, or not as it was written
        return "none came with this installation"
    if headers and (installed := torch_release()) != built_for:
        return f"those that came with this installation are for PyTorch {built_for!s:.40}, and {installed} is installed"
    if not vector_variants.one_for_all(processor()):
        return "those that came with this installation are for x86-64 processors with AVX2"
    return None


def torch_release() -> str:
    """The installed PyTorch without what it was built for, as 2.13.0 of 2.13.0+cpu: all of a release bind alike."""
    return version("torch").partition("+")[0]
