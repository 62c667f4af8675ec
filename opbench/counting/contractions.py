"""What sums of products cost, from shapes alone: matrix products of every rank, convolutions, einsum, attention.

Both walks of a function look here for what they meet; only the operators that torch's own counter knows (see
`torch_counter.OWN`) are counted by its formulas there, so that there the two are opinions of their own.
Where an accumulation starts, a bias or the first argument of addmm, costs nothing, and neither do alpha and beta.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from opbench.counting.layers import SOFTMAX
from opbench.counting.signatures import Counts, Rule, Shape


def _terms(at: int) -> Rule:
    """Sums as long as the last dimension of argument `at`: one for every element of the result, of whatever rank."""
    return lambda inputs, output: {"macs": math.prod(output) * (inputs[at] or ())[-1]}


def _addbmm(inputs: Sequence[Shape | None], output: Shape) -> Counts:
    batch, _, columns = inputs[1] or ()
    return {"macs": math.prod(output) * batch * columns}


def _conv_tbc(inputs: Sequence[Shape | None], output: Shape) -> Counts:
    width, channels, _ = inputs[1] or ()
    return {"macs": math.prod(output) * width * channels}


CONTRACTIONS: dict[str, Rule] = {
    **{f"aten::{name}": _terms(0) for name in ("bmm", "dot", "linear", "matmul", "mm", "mv", "vdot")},
    **{f"aten::{name}": _terms(1) for name in ("addmm", "addmv", "baddbmm")},
    "aten::addbmm": _addbmm,
    "aten::addr": lambda _, output: {"macs": math.prod(output)},
    "aten::conv_tbc": _conv_tbc,
}


def convolution(x: Shape, weight: Shape, output: Shape, *, transposed: bool) -> Counts:
    """Of any rank, padding included, with or without a batch.

    weight: (C_out, C_in / groups, *kernel), so one element of the output is a sum of all but the first; transposed
    (C_in, C_out / groups, *kernel), so one element of x goes into as many sums.
    """
    return {"macs": math.prod(x if transposed else output) * math.prod(weight[1:])}


def attention(query: Shape, key: Shape, output: Shape, *, masked: bool, repeats: int = 1) -> Counts:
    """softmax(q k^T [+ mask]) v, with q and k scaled by the root of the scale each, as PyTorch's unfused form does.

    query (*batch, L, E), key (*batch, S, E), output (*batch, L, E_v). A mask of whatever type, a causal one too, is
    numbers that are added, and every score is computed, whether it is masked or not.
    repeats: how often a head of the key is repeated, which is before it is scaled.
    """
    scores = math.prod(output[:-1]) * key[-2]
    return {
        "macs": scores * (query[-1] + output[-1]),
        "elementwise": math.prod(query) + repeats * math.prod(key) + scores * (SOFTMAX + masked),
    }


def einsum(equation: str, shapes: Sequence[Shape], path: Sequence[int] | None = None) -> Counts:
    """As PyTorch contracts: two operands at a time, from the left or by `path`, places in the list of operands.

    A label that one of the two has alone, and nothing after them needs, is summed before they meet. Where they share
    one that ends there, each product of theirs is a MAC; where they share none, they are multiplied. A dimension of 1
    is broadcast and no label in this sense, since nothing is added up over it.
    """
    labelled, kept = _parsed(equation, shapes)
    tally: Counter[str] = Counter()
    if len(labelled) == 1:
        if labelled[0].keys() - kept:
            tally["elementwise"] += math.prod(labelled[0].values())
        return dict(tally)
    operands = [{label: size for label, size in one.items() if size != 1} for one in labelled]
    places = list(path or (0, 1) * (len(operands) - 1))
    while len(operands) > 1:
        low, high = sorted((places.pop(0), places.pop(0)))
        second, first = operands.pop(high), operands.pop(low)
        needed = kept.union(*operands)
        first, second = (_summed(first, second, needed, tally), _summed(second, first, needed, tally))
        every = first | second
        ended = (first.keys() & second.keys()) - needed
        kind = "macs" if ended else "products" if first == second else "elementwise"
        tally[kind] += math.prod(every.values())
        result = {label: size for label, size in every.items() if label not in ended}
        operands.insert(0 if path is None else len(operands), result)
    return dict(tally)


def _summed(one: Mapping[str, int], other: Mapping[str, int], needed: set[str], tally: Counter[str]) -> dict[str, int]:
    """`one` without the labels that neither the other nor anything later has."""
    lone = one.keys() - other.keys() - needed
    if lone:
        tally["elementwise"] += math.prod(one.values())
    return {label: size for label, size in one.items() if label not in lone}


def _parsed(equation: str, shapes: Sequence[Shape]) -> tuple[list[dict[str, int]], set[str]]:
    """Of each operand the sizes by label, a repeated one once (its diagonal), and the labels of the output.

    The dimensions that an ellipsis stands for are labelled by their place from the right.
    """
    left, arrow, right = equation.replace(" ", "").partition("->")
    labelled = [_sizes(term, shape) for term, shape in zip(left.split(","), shapes, strict=True)]
    dots = {label for one in labelled for label in one if label.startswith("...")}
    if arrow:
        return labelled, {*right.replace("...", "")} | (dots if "..." in right else set())
    times = Counter(re.findall("[A-Za-z]", left))
    return labelled, {label for label, count in times.items() if count == 1} | dots


def _sizes(term: str, shape: Shape) -> dict[str, int]:
    before, dots, after = term.partition("...")
    hidden = len(shape) - len(before) - len(after) if dots else 0
    labels: Iterable[str] = (*before, *(f"...{place}" for place in range(hidden, 0, -1)), *after)
    return dict(zip(labels, shape, strict=True))
