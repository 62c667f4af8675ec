"""A second and a third opinion on an operator's Work: fvcore and torch's FlopCounterMode walk the eager function.

Both report 0 for an operator they do not know. Here that raises a CountingError, so that a count is either
complete or not there. On meta tensors counting computes nothing and allocates nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from opbench.counters.formulas import KINDS, CountingError, Counts, Formula, register

if TYPE_CHECKING:
    from collections.abc import Callable

    import torch

    from opbench.operator import Inputs, Work

__all__ = ["KINDS", "CountingError", "Counts", "Formula", "count", "counts_of", "register"]


def count(function: Callable[..., torch.Tensor], inputs: Inputs) -> dict[str, Counts | str]:
    """What each counter says of one call: `fvcore` and `torch`, each with its Counts or why it has none.

    inputs: on device `meta`, in the order `function` takes them; floating tensors that `function` needs have to
    be among them.
    Raises CountingError for an input elsewhere and for an operator without a formula.
    """
    for name, tensor in inputs.items():
        if not tensor.is_meta:
            raise CountingError(
                f"input {name!r} is on {tensor.device}; counting walks meta tensors: make the inputs of the same "
                "point with device 'meta'"
            )
    tensors = tuple(inputs.values())
    return {"fvcore": _by_fvcore(function, tensors), "torch": _by_torch(function, tensors)}


def counts_of(work: Work) -> Counts:
    """Work in the counters' terms, to compare with them."""
    return {"macs": work.macs, "products": work.products, "elementwise": work.elementwise}


def _by_fvcore(function: Callable[..., torch.Tensor], tensors: tuple[torch.Tensor, ...]) -> Counts | str:
    try:
        from opbench.counters.trace import count_trace
    except ModuleNotFoundError as exc:
        if exc.name is None or exc.name.partition(".")[0] != "fvcore":
            raise
        return "fvcore is not installed; `python -m pip install fvcore`"
    return _told("fvcore", count_trace, function, tensors)


def _by_torch(function: Callable[..., torch.Tensor], tensors: tuple[torch.Tensor, ...]) -> Counts:
    from opbench.counters.dispatch import count_dispatch

    return _told("torch's FlopCounterMode", count_dispatch, function, tensors)


def _told(
    counter: str,
    walk: Callable[..., Counts],
    function: Callable[..., torch.Tensor],
    tensors: tuple[torch.Tensor, ...],
) -> Counts:
    try:
        return walk(function, tensors)
    except RuntimeError as exc:  # NotImplementedError included: an operator without a kernel for meta tensors
        first = str(exc).partition("\n")[0]
        raise CountingError(f"{counter} cannot walk the function on meta tensors: {first}") from exc
