"""What one call of an operator costs, from shapes alone; both counters look their operators up here.

Where both do, their agreement says that they met the same operators, not that a formula is right: that is what tests
with loops are for. For convolutions and most matrix products torch's counter has its own (`torch_counter.OWN`).
Comparisons and selections (top-k, maximum, clamp, ReLU) are no arithmetic, and neither is moving data.
Results that are not floating point are index arithmetic and are not counted, but for sums of products, which nobody
computes for an index: those are refused. Complex numbers are refused everywhere, since a formula counts real ones.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from opbench.counting.contractions import CONTRACTIONS
from opbench.counting.layers import PER_INPUT, PER_OUTPUT
from opbench.counting.signatures import Counts, Formula, Rule, Shape
from opbench.errors import OpbenchError

if TYPE_CHECKING:
    import torch

KINDS = ("macs", "products", "elementwise")

_CONVOLUTIONS = "_convolution _convolution_mode convolution cudnn_convolution"
SUMS = frozenset(f"aten::{name}" for name in f"{_CONVOLUTIONS} einsum".split())
"""Sums of products besides those of CONTRACTIONS, for which shapes alone are not enough."""


class CountingError(OpbenchError):
    """A function that cannot be counted completely."""


def uncounted(counter: str, names: Sequence[str]) -> CountingError:
    """The error for operators that `counter` would silently take for free."""
    return CountingError(
        f"{counter} has no formula for {', '.join(sorted(set(names)))} and would count 0 for it; register one with "
        "opbench.counting.count.register(name, kind, formula), kind one of " + ", ".join(KINDS)
    )


def counted(counter: str, name: str, dtypes: Sequence[torch.dtype]) -> bool:
    """Whether a formula holds for the operator: `dtypes` of its result and of its arguments.

    Raises CountingError for complex numbers, and for sums of products that are not floating point.
    """
    if any(dtype.is_complex for dtype in dtypes):
        raise CountingError(f"{counter} counts real arithmetic, and {name} computes with complex numbers")
    if dtypes[0].is_floating_point:
        return True
    if name in CONTRACTIONS or name in SUMS:
        raise CountingError(f"{counter} counts floating-point arithmetic, and {name} gives {dtypes[0]}")
    return False


def register(name: str, kind: str, formula: Formula) -> None:
    """Teach both counters an operator, such as `opbench::cross_hadamard`.

    kind: one of KINDS. An operator that does work of several kinds is registered once for each; a second formula
    for the same kind replaces the first. A formula of kind `macs` returns multiply-accumulates, not FLOPs.
    Raises ValueError for a name without a namespace or an unknown kind.
    """
    if "::" not in name:
        raise ValueError(f"operator name {name!r} has no namespace; expected the form 'namespace::operator'")
    if kind not in KINDS:
        raise ValueError(f"kind {kind!r} of {name!r} is none of {', '.join(KINDS)}")
    before = RULES.get(name, _nothing)
    RULES[name] = lambda inputs, output: before(inputs, output) | {kind: formula(inputs, output)}


def _nothing(_: Sequence[Shape | None], __: Shape) -> Counts:
    return {}


def is_free(name: str) -> bool:
    """Whether the operator is known to do no arithmetic."""
    return name in FREE or name.removesuffix("_") in FREE


def _multiplication(inputs: Sequence[Shape | None], output: Shape) -> Counts:
    """Of kind `products` when both factors are activations, else `elementwise`.

    An activation has the result's own shape, number of dimensions included; a scale is a number or is
    broadcast. Parameters therefore have to keep fewer dimensions than activations, (C, 1, 1) and not
    (1, C, 1, 1): otherwise the two cannot be told apart at batch 1 and edge 1.
    """
    both_full = len(inputs) >= 2 and all(shape == output for shape in inputs[:2])
    return {"products" if both_full else "elementwise": math.prod(output)}


def _per_output(operations: int) -> Rule:
    return lambda _, output: {"elementwise": operations * math.prod(output)}


def _per_input(inputs: Sequence[Shape | None], _: Shape) -> Counts:
    return {"elementwise": math.prod(inputs[0] or ())}


_ONE_PER_OUTPUT = (
    "abs add ceil div exp floor floor_divide gelu hardsigmoid hardswish log neg pow reciprocal remainder round rsqrt "
    "rsub sigmoid silu sqrt square sub tanh"
)
_REDUCTIONS = "adaptive_avg_pool2d _adaptive_avg_pool2d mean sum"

# In eval: one scale and one shift per element. Each counter and each version of torch sees another of the names.
_BATCH_NORMS = "batch_norm native_batch_norm _native_batch_norm_legit_no_training cudnn_batch_norm"

RULES: dict[str, Rule] = {
    **CONTRACTIONS,
    "aten::mul": _multiplication,
    "aten::outer": _per_output(1),  # as a multiplication with a column, which is no activation's shape
    **{f"aten::{name}": _per_output(1) for name in _ONE_PER_OUTPUT.split()},
    **{f"aten::{name}": _per_output(2) for name in _BATCH_NORMS.split()},
    **{f"aten::{name}": _per_input for name in _REDUCTIONS.split()},
    **{name: _per_output(operations) for name, operations in PER_OUTPUT.items()},
    **dict.fromkeys(PER_INPUT, _per_input),
}

_MOVING = """
    _reshape_alias _to_copy _unsafe_view adjoint alias arange as_strided broadcast_to cat chunk clone
    constant_pad_nd contiguous copy detach diagonal dropout empty empty_like empty_strided expand expand_as flatten
    full full_like gather index index_select lift_fresh mH mT movedim narrow new_empty new_full new_ones new_zeros
    numpy_T ones ones_like permute repeat reshape resolve_conj resolve_neg roll scalar_tensor select slice split
    split_with_sizes squeeze stack swapaxes swapdims t take_along_dim to transpose tril tril_indices triu
    triu_indices type_as unbind unflatten unfold unsqueeze view zeros zeros_like
"""
_COMPARING = "amax amin argmax argsort clamp clamp_max clamp_min eq ge gt hardtanh le lt max maximum min minimum"
_SELECTING = "masked_fill ne nonzero relu relu6 sort topk where"

FREE = frozenset(f"aten::{name}" for name in f"{_MOVING} {_COMPARING} {_SELECTING}".split())
