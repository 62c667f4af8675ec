"""A file that holds nothing but this operator, for the runtimes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from impls.exported.names import DOMAIN, VERSION, select_expand_name
from impls.exported.onnx_file import IR_VERSION, OPSET
from impls.exported.onnx_functions import function

if TYPE_CHECKING:
    from collections.abc import Mapping

    from onnx import ModelProto
    from torch import Tensor


def single(shape: tuple[int, ...], k: int, norm: str, parameters: Mapping[str, Tensor], dtype: str) -> ModelProto:
    """Input x (batch, *shape[1:]) of `dtype`, output y; `parameters` taps, alpha, weight and bias are kept inside."""
    from onnx import TensorProto, helper, numpy_helper

    channels, name = shape[1], select_expand_name(norm)
    kind = TensorProto.FLOAT16 if dtype == "float16" else TensorProto.FLOAT
    node = helper.make_node(name, ["x", *parameters], ["y"], domain=DOMAIN, name="ach", k=k)
    initializers = [numpy_helper.from_array(tensor.float().numpy(), key) for key, tensor in parameters.items()]
    wide = channels + k * (k - 1) // 2
    graph = helper.make_graph(
        [node],
        "ach",
        [helper.make_tensor_value_info("x", kind, ["batch", *shape[1:]])],
        [helper.make_tensor_value_info("y", kind, ["batch", wide, *shape[2:]])],
        initializers,
    )
    versions = [helper.make_opsetid("", OPSET), helper.make_opsetid(DOMAIN, VERSION)]
    return helper.make_model(graph, opset_imports=versions, ir_version=IR_VERSION, functions=[function(name)])
