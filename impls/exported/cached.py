"""Exporting once: a model with the same weights, exported by the same code, is the same file."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import lru_cache
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from impls.exported.export import export
from impls.exported.onnx_file import read
from opbench.cache import cache_folder
from opbench.errors import UsageError

if TYPE_CHECKING:
    from torch import nn

LIBRARIES = ("torch", "onnx", "onnxscript", "timm", "torchvision")


Make: TypeAlias = "Callable[[nn.Module, Path, tuple[int, ...]], Path]"
"""(model, path, shape of the input) to the path: `export`, or what writes another file of the model."""


def as_it_is(model: nn.Module, path: Path, shape: tuple[int, ...]) -> Path:
    """`export` without a channel that the model does not have: a runtime that wants some adds them when it opens it."""
    return export(model, path, shape, multiple=1)


def exported(model: nn.Module, name: str, shape: tuple[int, ...], make: Make = as_it_is) -> Path:
    """The file of `model` (a name of its architecture) for one image size, exported unless the cache has it.

    make: what writes it, where that is not `as_it_is`; `name` then says so as well. Raises as `make`.
    """
    path = cache_folder() / "onnx" / f"{name.replace(':', '-')}-{_key(model, name, shape)}.onnx"
    try:
        read(path)
    except UsageError:  # not there yet, of a disk that was full, or damaged since: a weight, say
        return make(model, path, shape)
    return path


def _key(model: nn.Module, name: str, shape: tuple[int, ...]) -> str:
    digest = hashlib.blake2b(f"{name} {shape[1:]} {_code()}".encode(), digest_size=8)
    for key, value in model.state_dict().items():
        digest.update(f"{key} {value.dtype} {tuple(value.shape)}".encode())
        digest.update(value.detach().cpu().contiguous().flatten().numpy().data)
    return digest.hexdigest()


@lru_cache(maxsize=1)
def _code() -> str:
    """What exports: this package and its folders, and the libraries by their versions."""
    digest = hashlib.blake2b(digest_size=8)
    for file in sorted(Path(__file__).parent.rglob("*.py")):
        digest.update(file.read_bytes())
    for name in LIBRARIES:
        digest.update(f"{name} {_version(name)}".encode())
    return digest.hexdigest()


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""
