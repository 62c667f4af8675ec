"""Costs of what torch.jit recorded: rules of shapes as handles of a graph's nodes, and those that need constants."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any, TypeAlias

from opbench.counting import contractions
from opbench.counting.formulas import CountingError, counted, uncounted
from opbench.counting.signatures import Counts, Rule, Shape

COUNTER = "fvcore"

Handle: TypeAlias = Callable[[list[Any], list[Any]], Counter[str]]
"""Counts of a node, by kind, from the values of the graph that it takes and gives."""


def handle(name: str, rule: Rule) -> Handle:
    """A Rule as fvcore calls it."""
    return _handle(name, lambda inputs, output: rule([_shape(value) for value in inputs], output))


def refusal(name: str) -> Handle:
    """Of an operator that fvcore would take for free, whatever it computes."""

    def refuse(_: list[Any], __: Shape) -> Counts:
        raise uncounted(COUNTER, [name])

    return _handle(name, refuse)


def refuse_lost_tensors(_: list[Any], outputs: list[Any]) -> Counter[str]:
    """An operator that the tracer does not record leaves its result in the graph as a constant, at no cost."""
    shape = _shape(outputs[0])
    if shape and counted(COUNTER, "prim::Constant", _dtypes(outputs)):
        raise CountingError(
            f"fvcore's trace does not know where a tensor of shape {shape} comes from: either the function holds it "
            "(make it an input) or the tracer skips the operator that computed it (make that a torch.library operator)"
        )
    return Counter()


def _handle(name: str, cost: Callable[[list[Any], Shape], Counts]) -> Handle:
    def node(inputs: list[Any], outputs: list[Any]) -> Counter[str]:
        if outputs[0].type().kind() != "TensorType":  # a number
            return Counter()
        shape = _shape(outputs[0])
        if shape is None:
            raise CountingError(f"fvcore's trace does not say what shape {name} gives")
        dtypes = [*_dtypes(outputs[:1]), *_dtypes(inputs)]
        return Counter(cost(inputs, shape)) if counted(COUNTER, name, dtypes) else Counter()

    return node


def _convolution(inputs: list[Any], output: Shape) -> Counts:
    """A convolution whose padding is a word has no argument that says whether it is transposed: it never is."""
    flag = inputs[6].toIValue()
    return contractions.convolution(_known(inputs[0]), _known(inputs[1]), output, transposed=flag is True)


def _einsum(inputs: list[Any], _: Shape) -> Counts:
    shapes = [_known(value) for value in inputs[1].node().inputs()]
    return contractions.einsum(inputs[0].toIValue(), shapes, _integers(inputs[2]) if len(inputs) > 2 else None)


def _attention(inputs: list[Any], output: Shape) -> Counts:
    """Arguments: query, key, value, mask, dropout, causal, scale, whether a head of the key serves several queries."""
    query, key = _known(inputs[0]), _known(inputs[1])
    if inputs[4].toIValue():
        raise CountingError("dropout in scaled_dot_product_attention has no formula; count it with dropout_p=0")
    masked = _shape(inputs[3]) is not None or bool(inputs[5].toIValue())
    repeats = query[-3] // key[-3] if len(inputs) > 7 and inputs[7].toIValue() else 1
    return contractions.attention(query, key, output, masked=masked, repeats=repeats)


BY_VALUES: dict[str, Handle] = {
    "aten::_convolution": _handle("aten::_convolution", _convolution),
    "aten::_convolution_mode": _handle("aten::_convolution_mode", _convolution),
    "aten::einsum": _handle("aten::einsum", _einsum),
    "aten::scaled_dot_product_attention": _handle("aten::scaled_dot_product_attention", _attention),
}
"""Operators whose cost does not follow from shapes alone."""


def _shape(value: Any) -> Shape | None:
    return tuple(value.type().sizes()) if value.isCompleteTensor() else None


def _known(value: Any) -> Shape:
    shape = _shape(value)
    if shape is None:
        raise CountingError(f"fvcore's trace does not say what shape {value.debugName()} has")
    return shape


def _dtypes(values: list[Any]) -> list[Any]:
    return [value.type().dtype() for value in values if value.isCompleteTensor()]


def _integers(value: Any) -> list[int] | None:
    """A list of the graph, as a constant or put together by a node; None for None."""
    if value.node().kind() == "prim::ListConstruct":
        return [int(one.toIValue()) for one in value.node().inputs()]
    found: list[int] | None = value.toIValue()
    return found
