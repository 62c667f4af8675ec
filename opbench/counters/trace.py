"""Counting with fvcore's FlopCountAnalysis: the graph that torch.jit records, before decompositions."""

from __future__ import annotations

import warnings
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import torch
import torch.overrides
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_map_only

from opbench.counters import kernels
from opbench.counters.formulas import RULES, CountingError, Counts, Rule, Shape, is_free, uncounted

if TYPE_CHECKING:
    from collections.abc import Callable

with warnings.catch_warnings():
    # Importing fvcore.nn scripts its focal losses, which torch 2.13 calls deprecated; nothing here uses them.
    warnings.filterwarnings("ignore", r"`torch\.jit\.script", DeprecationWarning)
    from fvcore.nn import FlopCountAnalysis

# fvcore counts these by conventions of its own (a norm at 5 per element), and would add them to the MACs.
_NOT_MACS = ("group_norm", "layer_norm", "instance_norm", "upsample_nearest2d", "upsample_bilinear2d", "grid_sampler")


def count_trace(function: Callable[..., torch.Tensor], tensors: tuple[torch.Tensor, ...]) -> Counts:
    """Counts of one call; raises CountingError for an operator that has no formula."""
    analysis = FlopCountAnalysis(_AsModule(function), tensors)
    analysis.unsupported_ops_warnings(enabled=False).uncalled_modules_warnings(enabled=False)
    for name in _NOT_MACS:
        analysis.set_op_handle(f"aten::{name}", _refusal(f"aten::{name}"))
    for name, rule in RULES.items():
        analysis.set_op_handle(name, _handle(rule), f"{name}_", _handle(rule))
    analysis.set_op_handle("prim::Constant", _refuse_lost_tensors)
    with ThreadPoolExecutor(max_workers=1) as pool, torch.no_grad(), _UntracedKernels(pool):
        counts = analysis.by_operator()
    unknown = [name for name in analysis.unsupported_ops() if not is_free(name)]
    if unknown:
        raise uncounted("fvcore", unknown)
    products, elementwise = int(counts["products"]), int(counts["elementwise"])
    macs = int(sum(counts.values())) - products - elementwise
    return {"macs": macs, "products": products, "elementwise": elementwise}


class _AsModule(torch.nn.Module):
    """fvcore traces modules."""

    def __init__(self, function: Callable[..., torch.Tensor]) -> None:
        super().__init__()
        self.function = function

    def forward(self, *tensors: torch.Tensor) -> torch.Tensor:
        return self.function(*tensors)


def _handle(rule: Rule) -> Callable[[list[Any], list[Any]], Counter[str]]:
    """A Rule as fvcore calls it, with values of the traced graph."""

    def handle(inputs: list[Any], outputs: list[Any]) -> Counter[str]:
        if not _is_floating(outputs[0]):
            return Counter()
        return Counter(rule([_shape(value) for value in inputs], _shape(outputs[0]) or ()))

    return handle


def _refusal(name: str) -> Callable[[list[Any], list[Any]], Counter[str]]:
    """fvcore would use its own formula, or (given None for one) count nothing; neither may happen unseen."""

    def refuse(_: list[Any], __: list[Any]) -> Counter[str]:
        raise uncounted("fvcore", [name])

    return refuse


def _refuse_lost_tensors(_: list[Any], outputs: list[Any]) -> Counter[str]:
    """An operator that the tracer does not record leaves its result in the graph as a constant, at no cost."""
    shape = _shape(outputs[0])
    if shape and _is_floating(outputs[0]):
        raise CountingError(
            f"fvcore's trace does not know where a tensor of shape {shape} comes from: either the function holds it "
            "(make it an input) or the tracer skips the operator that computed it (make that a torch.library operator)"
        )
    return Counter()


def _shape(value: Any) -> Shape | None:
    return tuple(value.type().sizes()) if value.isCompleteTensor() else None


def _is_floating(value: Any) -> bool:
    return bool(value.isCompleteTensor() and value.type().dtype().is_floating_point)


class _UntracedKernels(TorchDispatchMode):  # type: ignore[no-untyped-call]  # torch leaves it untyped
    """Runs the kernels on another thread, where no trace is in progress.

    While tracing, a tensor's sizes are themselves traced tensors. Meta kernels are Python code that computes
    with sizes, and fails on them (torch 2.13: "cond must be a bool, but got a Tensor"). Tracing is a property
    of the thread. Results are remade, because a view made over there has a history that cannot be given back.
    """

    def __init__(self, pool: ThreadPoolExecutor) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        self.pool = pool

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        aten = torch.ops.aten
        if func is aten.convolution.default:
            # The tracer records `_convolution` only, which the meta kernel of `convolution` does not call.
            with torch.overrides.enable_reentrant_dispatch(), self:
                return aten._convolution.default(*args, False, False, False, False)  # noqa: SLF001
        if func is aten._convolution.default:  # noqa: SLF001
            # It has no meta kernel on torch 2.11; its first nine arguments are those of `convolution`, which has.
            func, args = aten.convolution.default, args[:9]
        return self.pool.submit(_remade, func, args, kwargs or {}).result()


def _remade(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    with torch.no_grad():
        return tree_map_only(torch.Tensor, _copy, kernels.call(func, args, kwargs))


def _copy(found: torch.Tensor) -> torch.Tensor:
    if found.is_meta:
        return torch.empty_strided(found.size(), found.stride(), dtype=found.dtype, device="meta")
    return found.clone()  # a traced size, whose value counts
