"""Counting with torch's FlopCounterMode: what the dispatcher sees, below autograd and decompositions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode

from opbench.counting import meta_kernels
from opbench.counting.formulas import RULES, counted, is_free, uncounted
from opbench.counting.signatures import Counts, Rule, Shape

COUNTER = "torch's FlopCounterMode"

OWN = "mm addmm bmm baddbmm convolution _convolution cudnn_convolution"
"""Operators of namespace aten that torch's counter counts by formulas of its own; they stand the test against loops.

Its others are not used: those of fused attention leave the softmax out.
"""
_OWN_PACKETS = frozenset(getattr(torch.ops.aten, name) for name in OWN.split())


def count_with_torch(function: Callable[..., torch.Tensor], tensors: tuple[torch.Tensor, ...]) -> Counts:
    """Counts of one call; raises CountingError for an operator that has no formula."""
    tally: Counter[str] = Counter()
    formulas = _formulas(tally)
    counter = FlopCounterMode(display=False, custom_mapping=formulas)
    with _Witness(known=frozenset(_OWN_PACKETS | formulas.keys())), counter:
        function(*tensors)
    products, elementwise = tally["products"], tally["elementwise"]
    return {
        "macs": (counter.get_total_flops() - products - elementwise) // 2,
        "products": products,
        "elementwise": elementwise,
    }


@dataclass(frozen=True)
class _FlopFormula:
    """A Rule as FlopCounterMode calls it: returns FLOPs, and notes on the side what kind they are.

    The counter keeps one sum per operator, which would add the two kinds of multiplication up.
    """

    name: str
    rule: Rule
    tally: Counter[str]

    _get_raw: ClassVar[bool] = True  # flop_counter's mark for a formula that takes tensors, not shapes

    def __call__(self, *args: Any, out_val: Any, **kwargs: Any) -> int:
        first = out_val[0] if isinstance(out_val, (tuple, list)) else out_val
        values = (*args, *kwargs.values())
        if not _is_counted(self.name, first, values):
            return 0
        found = self.rule([_shape(value) for value in values], tuple(first.shape))
        self.tally.update(found)
        return sum(found.values()) + found.get("macs", 0)  # a MAC is two


def _formulas(tally: Counter[str]) -> dict[Any, _FlopFormula]:
    """By operator packet, and by each of its overloads: FlopCounterMode looks these up to know what to count whole, and
    would take nearest-neighbour resizing apart into arithmetic on indices (torch 2.13).

    A registered operator that this process has not defined cannot be called either.
    """
    formulas: dict[Any, _FlopFormula] = {}
    for name, rule in RULES.items():
        namespace, _, plain = name.partition("::")
        for spelling in (plain, f"{plain}_"):
            packet = getattr(getattr(torch.ops, namespace), spelling, None)
            if packet is not None:
                formula = _FlopFormula(name, rule, tally)
                overloads = (getattr(packet, one) for one in packet.overloads())
                formulas |= dict.fromkeys((packet, *overloads), formula)
    return {key: one for key, one in formulas.items() if getattr(key, "overloadpacket", key) not in _OWN_PACKETS}


def _is_counted(name: str, output: torch.Tensor, values: Iterable[Any]) -> bool:
    tensors = (output, *(value for value in values if isinstance(value, torch.Tensor)))
    return counted(COUNTER, name, [tensor.dtype for tensor in tensors])


def _shape(value: Any) -> Shape | None:
    return tuple(value.shape) if isinstance(value, torch.Tensor) else None


class _Witness(TorchDispatchMode):  # type: ignore[no-untyped-call]  # torch leaves it untyped
    """Entered outside the counter, it sees exactly the operators the counter executed, and refuses unknown ones."""

    def __init__(self, known: frozenset[Any]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        self.known = known

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        name = func.name().partition(".")[0]
        if func.overloadpacket not in self.known and not is_free(name):
            raise uncounted(COUNTER, [name])
        result = meta_kernels.call(func, args, kwargs or {})
        if func.overloadpacket in _OWN_PACKETS:
            _is_counted(name, result, args)
        return result
