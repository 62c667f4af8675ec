"""Counting with fvcore's FlopCountAnalysis: the graph that torch.jit records, before decompositions.

fvcore walks; the formulas are this suite's own. fvcore 0.1.5 counts matmul wrong where a dimension is broadcast and
fails on vectors, counts einsum wrong without a contraction, has a convention of its own for norms (5 an element), and
takes floor, remainder and others for free whatever they compute.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import torch
import torch.overrides
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_map_only

from opbench.counting import graph, meta_kernels
from opbench.counting.formulas import KINDS, RULES, is_free, uncounted
from opbench.counting.signatures import Counts

with warnings.catch_warnings():
    # Importing fvcore.nn scripts its focal losses, which torch 2.13 calls deprecated; nothing here uses them.
    warnings.filterwarnings("ignore", r"`torch\.jit\.script", DeprecationWarning)
    from fvcore.nn import FlopCountAnalysis
    from fvcore.nn.jit_analysis import _IGNORED_OPS

# What has no formula here but no result of its own either.
_SIZES = frozenset({"aten::Int", "aten::ScalarImplicit", "aten::size"})


def count_trace(function: Callable[..., torch.Tensor], tensors: tuple[torch.Tensor, ...]) -> Counts:
    """Counts of one call; raises CountingError for an operator that has no formula."""
    analysis = FlopCountAnalysis(_AsModule(function), tensors)
    analysis.unsupported_ops_warnings(enabled=False).uncalled_modules_warnings(enabled=False)
    analysis.clear_op_handles()
    for name in _IGNORED_OPS - _SIZES:
        if not is_free(name):
            analysis.set_op_handle(name, graph.refusal(name))
    for name, rule in RULES.items():
        analysis.set_op_handle(name, graph.handle(name, rule), f"{name}_", graph.handle(name, rule))
    for name, handle in graph.BY_VALUES.items():
        analysis.set_op_handle(name, handle)
    analysis.set_op_handle("prim::Constant", graph.refuse_lost_tensors)
    with ThreadPoolExecutor(max_workers=1) as pool, torch.no_grad(), _UntracedKernels(pool):
        counts = analysis.by_operator()
    unknown = [name for name in analysis.unsupported_ops() if not is_free(name)]
    if unknown:
        raise uncounted(graph.COUNTER, unknown)
    return {kind: int(counts[kind]) for kind in KINDS}


class _AsModule(torch.nn.Module):
    """fvcore traces modules."""

    def __init__(self, function: Callable[..., torch.Tensor]) -> None:
        super().__init__()
        self.function = function

    def forward(self, *tensors: torch.Tensor) -> torch.Tensor:
        return self.function(*tensors)


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
        return tree_map_only(torch.Tensor, _copy, meta_kernels.call(func, args, kwargs))


def _copy(found: torch.Tensor) -> torch.Tensor:
    if found.is_meta:
        return torch.empty_strided(found.size(), found.stride(), dtype=found.dtype, device="meta")
    return found.clone()  # a traced size, whose value counts
