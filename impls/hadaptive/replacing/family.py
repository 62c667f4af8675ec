"""What a family of models has to say: which blocks it has, how ACH goes into one, and which the paper replaced.

Blocks are recognised by the full name of their class, so that none of the three libraries is imported to look. The
class has to be that one exactly: a subclass may compute something else.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import nn

    from impls.hadaptive.replacing.settings import Settings


@dataclass(frozen=True)
class Family:
    name: str
    blocks: Callable[[nn.Module], list[str]]
    """The blocks of a model that ACH can go into, by their names in it, in the order they run; [] for other models."""
    replaced: Callable[[Any, Settings], nn.Module]
    """A new block from one of the model's own, which stays as it is. Raises UsageError for a form it does not know."""
    usual: Callable[[Sequence[str]], Sequence[str]]
    """Those that the paper replaced, of the names of all blocks."""


def last(count: int) -> Callable[[Sequence[str]], Sequence[str]]:
    """`count` blocks from the end."""
    return lambda names: names[-count:]


def of_class(full_name: str) -> Callable[[nn.Module], list[str]]:
    """Finds the modules of exactly this class, such as `timm.models.starnet.Block`, below a model."""
    return lambda model: [name for name, module in model.named_modules() if name and class_name(module) == full_name]


def class_name(module: nn.Module) -> str:
    """With its module, such as `torch.nn.modules.linear.Linear`."""
    return f"{type(module).__module__}.{type(module).__qualname__}"


@lru_cache(maxsize=1)
def families() -> tuple[Family, ...]:
    """All there are, in the alphabetical order of their files in `families`."""
    folder = import_module("impls.hadaptive.replacing.families")
    names = sorted(module.name for module in pkgutil.iter_modules(folder.__path__))
    return tuple(import_module(f"{folder.__name__}.{name}").FAMILY for name in names)
