"""The arguments of a call taken apart: tensors by name, and everything else where it was."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch.utils import _pytree as pytree


@dataclass(frozen=True)
class Call:
    """The arguments of one call: tensors by name, and what puts them back among everything else."""

    tensors: dict[str, torch.Tensor]
    leaves: tuple[Any, ...]
    structure: Any

    @classmethod
    def of(cls, arguments: Any) -> Call:
        """arguments: a tuple of positional ones, a dict of named ones, or the only one; any nesting of containers."""
        whole = ((), arguments) if isinstance(arguments, dict) else (_positional(arguments), {})
        leaves, structure = pytree.tree_flatten(whole)
        paths = [pytree.keystr(path[1:]) for path, _ in pytree.tree_flatten_with_path(whole)[0]]
        tensors = {path: leaf for path, leaf in zip(paths, leaves, strict=True) if isinstance(leaf, torch.Tensor)}
        names = (path if isinstance(leaf, torch.Tensor) else None for path, leaf in zip(paths, leaves, strict=True))
        placed = tuple(leaf if name is None else _Place(name) for name, leaf in zip(names, leaves, strict=True))
        return cls(tensors, placed, structure)

    def bound(self, function: Callable[..., Any], tensors: Mapping[str, torch.Tensor]) -> Callable[[], Any]:
        """The function with these tensors in the places of its own."""
        leaves = [tensors[leaf.name] if isinstance(leaf, _Place) else leaf for leaf in self.leaves]
        positional, named = pytree.tree_unflatten(leaves, self.structure)
        return partial(function, *positional, **named)


@dataclass(frozen=True)
class _Place:
    """Where the tensor of this name goes."""

    name: str


def _positional(arguments: Any) -> tuple[Any, ...]:
    return arguments if isinstance(arguments, tuple) else (arguments,)
