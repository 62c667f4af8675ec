"""A model of one node, `FusedNetwork`, and the function of standard nodes beside it, put together from fused layers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from torch import Tensor

from impls.exported.export import INPUT, OUTPUT
from impls.exported.fused.nodes import Body
from impls.exported.names import DOMAIN, FUSED_NETWORK, VERSION, missing
from impls.exported.onnx_file import IR_VERSION, OPSET
from impls.exported.onnx_functions import function
from opbench.errors import MachineError

if TYPE_CHECKING:
    from onnx import FunctionProto, ModelProto, OperatorSetIdProto

    from impls.hadaptive.fused.specs import Spec

LAYERS = "layers"
"""The node's attribute: a line for each layer, its kind and its numbers, such as `convolution stride=2 padding=0 ...`.
Sizes are those of the weights, which follow x in the layers' order."""

TO_LAST, TO_FIRST = (0, 2, 3, 1), (0, 3, 1, 2)


def text_of(spec: Spec) -> str:
    """The layer's line of the attribute: what is no tensor, in the order of the arguments; true is 1."""
    numbers = {name: value for name, value in spec.arguments.items() if not isinstance(value, Tensor)}
    return " ".join([spec.kind, *(f"{name}={_plain(value)}" for name, value in numbers.items())])


def _plain(value: object) -> str:
    return str(int(value)) if isinstance(value, bool) else f"{value}"


def model_of(specs: Sequence[Spec], x: Sequence[int], y: Sequence[int], *, channels_last: bool) -> ModelProto:
    """The layers as one node. Raises MachineError where onnx is not installed.

    x, y: sizes of a sample of the model's input and output. Maps that the node takes or makes have their channels last:
    with channels_last the model's have too, else transpositions stand around it. An image is taken as it is.
    """
    try:
        from onnx import TensorProto, helper, numpy_helper
    except ModuleNotFoundError as exc:
        raise MachineError(missing(exc.name)) from exc
    body = _body(specs)
    graph = Body(FUSED_NETWORK)
    takes, makes = _is_map(specs)
    first = graph.transposed(INPUT, "x_last", TO_LAST) if takes and not channels_last else INPUT
    last = "y_last" if makes and not channels_last else OUTPUT
    text = "\n".join(text_of(spec) for spec in specs)
    graph.node(FUSED_NETWORK, [first, *body.weights], last, domain=DOMAIN, **{LAYERS: text})
    if last != OUTPUT:
        graph.transposed(last, OUTPUT, TO_FIRST)
    versions = [helper.make_opsetid("", OPSET), helper.make_opsetid(DOMAIN, VERSION)]
    used = sorted({one.op_type for one in body.nodes if one.domain == DOMAIN})
    functions = [_function(body, versions), *(function(name) for name in used)]
    made = helper.make_graph(
        graph.nodes,
        FUSED_NETWORK,
        [helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, ["batch", *x])],
        [helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, ["batch", *y])],
        [numpy_helper.from_array(value.numpy(), name) for name, value in body.weights.items()],
    )
    return helper.make_model(made, opset_imports=versions, ir_version=IR_VERSION, functions=functions)


def _is_map(specs: Sequence[Spec]) -> tuple[bool, bool]:
    """Whether the layers take a map, and no image; whether they make one, and no scores."""
    return not specs[0].arguments.get("image_nchw", False), specs[-1].kind != "classifier"


def _body(specs: Sequence[Spec]) -> Body:
    """The function's nodes: standard convolutions take channels first."""
    body = Body(f"{DOMAIN}.{FUSED_NETWORK}")
    takes, makes = _is_map(specs)
    at = body.transposed(INPUT, "m0", TO_FIRST) if takes else INPUT
    for number, spec in enumerate(specs, 1):
        end = OUTPUT if number == len(specs) and not makes else f"m{number}"
        body.layer(spec, at, end)
        at = end
    if makes:
        body.transposed(at, OUTPUT, TO_LAST)
    return body


def _function(body: Body, versions: list[OperatorSetIdProto]) -> FunctionProto:
    from onnx import helper

    inputs = [INPUT, *body.weights]
    made: FunctionProto = helper.make_function(DOMAIN, FUSED_NETWORK, inputs, [OUTPUT], body.nodes, versions, [LAYERS])
    return made
