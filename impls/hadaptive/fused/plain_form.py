"""Is a module what this library builds, and in a state in which its values are settled? Else it has no fused form.

Whoever changed a network (another normaliser, a hook, a parametrization, a conversion to half precision) gets it as it
is, so every check here is of the very type and refuses what it does not know.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import torch
from torch import nn

from impls.hadaptive.blocks import CNA
from opbench.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

M = TypeVar("M", bound=nn.Module)

CONV_IS_PLAIN = {"dilation": (1, 1), "padding_mode": "zeros"}


class Convolved(NamedTuple):
    """A convolution, the BatchNorm behind it, and whether Hardswish follows."""

    convolution: nn.Conv2d
    norm: nn.BatchNorm2d
    hardswish: bool


def check_settled(module: nn.Module) -> None:
    """Raises UsageError for a module in training mode, one that somebody watches, or values not in float32 on a CPU."""
    for name, one in module.named_modules():
        where = name or type(module).__name__
        if one.training:
            raise UsageError(f"{where} is in training mode")
        if any(hooks_of(one)):
            raise UsageError(f"a hook waits for {where}")
        if "forward" in vars(one):
            raise UsageError(f"{where} has a forward of its own")
    for name, tensor in (*module.named_parameters(), *module.named_buffers()):
        if tensor.is_floating_point() and (tensor.dtype != torch.float32 or tensor.device.type != "cpu"):
            raise UsageError(f"{name} is {tensor.dtype} on {tensor.device}; expected torch.float32 on cpu")


def hooks_of(module: nn.Module) -> tuple[Mapping[int, Any], Mapping[int, Any]]:
    """The hooks that wait for the module to be called, which stay these dictionaries for as long as it lives."""
    return module._forward_hooks, module._forward_pre_hooks  # noqa: SLF001  (no public names for these)


def exactly(module: nn.Module, kind: type[M]) -> M:
    """The module, known to be of this type and of no other below it; raises UsageError where it is not."""
    if type(module) is not kind:
        raise UsageError(f"a {type(module).__name__} where a {kind.__name__} was expected")
    return module


def convolved(modules: Sequence[nn.Module]) -> Convolved:
    """Convolution, BatchNorm and, where there is a third, Hardswish. Raises UsageError for anything else."""
    if len(modules) not in {2, 3}:
        raise UsageError(
            f"{len(modules)} modules in a row; expected a convolution, its BatchNorm and Hardswish or none"
        )
    convolution = exactly(modules[0], nn.Conv2d)
    for name, expected in CONV_IS_PLAIN.items():
        if (found := getattr(convolution, name)) != expected:
            raise UsageError(f"a convolution with {name} {found!r}; expected {expected!r}")
    if len(modules) == 3:
        exactly(modules[2], nn.Hardswish)
    return Convolved(convolution, exactly(modules[1], nn.BatchNorm2d), len(modules) == 3)


def of_cna(module: nn.Module, *, groups: int = 1, hardswish: bool | None = None) -> Convolved:
    """The parts of a CNA. Raises UsageError for another module, other groups, and where it should (not) activate."""
    found = convolved([*exactly(module, CNA)])
    check_form(found, groups=groups, hardswish=hardswish)
    return found


def check_form(found: Convolved, *, groups: int, hardswish: bool | None) -> None:
    """Raises UsageError for other groups, and where `hardswish` says otherwise than the modules; None takes both."""
    if found.convolution.groups != groups:
        raise UsageError(f"a convolution of {found.convolution.groups} groups; expected {groups}")
    if hardswish is not None and found.hardswish != hardswish:
        raise UsageError(f"a convolution {'with' if found.hardswish else 'without'} Hardswish")
