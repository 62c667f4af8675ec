"""A second and a third account of an operator's Work: fvcore's walk of the eager function and torch's FlopCounterMode.

Both report 0 for an operator they do not know. Here that is the reason why there is no count, so that a count is either
complete or not there. Each walks by itself: one that cannot leaves the other's count alone. Most formulas are the same
for both (see `counters.formulas`), so that two counts that agree are not two opinions: they say that the graph before
decompositions and the calls after them hold the same arithmetic. On meta tensors counting computes nothing and
allocates nothing.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from opbench.counting.formulas import KINDS, CountingError, register
from opbench.counting.signatures import Counts, Formula
from opbench.errors import describe_exception
from opbench.vocabulary.backend import Inputs
from opbench.vocabulary.work import Work

if TYPE_CHECKING:
    import torch

__all__ = ["KINDS", "CountingError", "Counts", "Formula", "count", "counts_of", "disagreements", "register"]


def count(
    function: Callable[..., torch.Tensor], inputs: Inputs, counters: Iterable[str] = ("fvcore", "torch")
) -> dict[str, Counts | str]:
    """What each counter says of one call, by its name: its Counts or why it has none.

    inputs: on device `meta`, in the order `function` takes them; floating tensors that `function` needs have to
    be among them. counters: that are asked.
    Raises CountingError for an input elsewhere. What stops a counter, an operator without a formula or whatever the
    function raises, is that counter's reason, in one line.
    """
    for name, tensor in inputs.items():
        if not tensor.is_meta:
            raise CountingError(
                f"input {name!r} is on {tensor.device}; counting walks meta tensors: make the inputs of the same "
                "point with device 'meta'"
            )
    from opbench.counting.compiler_import import without_compiler

    tensors = tuple(inputs.values())
    with without_compiler():
        return {counter: _told(_WALKS[counter], function, tensors) for counter in counters}


def counts_of(work: Work) -> Counts:
    """Work in the counters' terms, to compare with them."""
    return {"macs": work.macs, "products": work.products, "elementwise": work.elementwise}


def disagreements(counts: Mapping[str, Mapping[str, int] | str], work: Work | None) -> list[str]:
    """One sentence for each two accounts of one call that differ: the definition's Work, and each counter's counts.

    counts: by counter, as from `count`. A counter without counts differs from nobody.
    """
    counted = {counter: found for counter, found in counts.items() if not isinstance(found, str)}
    defined: Mapping[str, int] | None = None if work is None else counts_of(work)
    first = defined or next(iter(counted.values()), {})
    if all(account == first for account in counted.values()):
        return []  # as of most calls; to compare them kind by kind takes ten times as long
    accounts = counted if defined is None else {"the definition": defined, **counted}
    differing = (
        (kind, one, accounts[one][kind], other, accounts[other][kind])
        for one, other in itertools.combinations(accounts, 2)
        for kind in KINDS
        if kind in accounts[one] and kind in accounts[other]
    )
    return [
        f"{one} and {other} differ in {kind}: {mine} and {theirs}"
        for kind, one, mine, other, theirs in differing
        if mine != theirs
    ]


def _by_fvcore(function: Callable[..., torch.Tensor], tensors: tuple[torch.Tensor, ...]) -> Counts:
    try:
        from opbench.counting.trace import count_trace
    except ModuleNotFoundError as exc:
        if exc.name is None or exc.name.partition(".")[0] != "fvcore":
            raise
        raise CountingError("fvcore is not installed; `python -m pip install fvcore`") from exc
    return count_trace(function, tensors)


def _by_torch(function: Callable[..., torch.Tensor], tensors: tuple[torch.Tensor, ...]) -> Counts:
    from opbench.counting.torch_counter import count_with_torch

    return count_with_torch(function, tensors)


_WALKS: Mapping[str, Callable[..., Counts]] = {"fvcore": _by_fvcore, "torch": _by_torch}


def _told(
    walk: Callable[..., Counts], function: Callable[..., torch.Tensor], tensors: tuple[torch.Tensor, ...]
) -> Counts | str:
    try:
        return walk(function, tensors)
    except CountingError as exc:
        return str(exc)
    except Exception as exc:  # noqa: BLE001  (of the function, of a meta kernel or of a counter; the other goes on)
        return f"it cannot walk the function on meta tensors: {describe_exception(exc)}"
