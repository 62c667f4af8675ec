"""Files of one node of ours, what a runtime makes of them, and what PyTorch does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from impls.cross_hadamard import norms, steps
from impls.cross_hadamard.pairs import pair_count
from impls.exported.names import CROSS_HADAMARD, DOMAIN, VERSION
from impls.exported.onnx_file import IR_VERSION, OPSET
from impls.exported.onnx_functions import function
from impls.exported.session import CPU, started

if TYPE_CHECKING:
    from onnx import ModelProto
    from torch import Tensor

Values = dict[str, "Tensor"]


def model(name: str, values: Values, outputs: int, **attributes: Any) -> ModelProto:
    """Everything is an input, so that a runtime folds nothing away."""
    from onnx import helper

    def kind(one: Tensor) -> int:
        return int(helper.np_dtype_to_tensor_dtype(one.numpy().dtype))

    inputs = [helper.make_tensor_value_info(key, kind(one), one.shape) for key, one in values.items()]
    x = values["x"]
    output = helper.make_tensor_value_info("y", kind(x), (x.shape[0], outputs, *x.shape[2:]))
    node = helper.make_node(name, list(values), ["y"], domain=DOMAIN, **attributes)
    graph = helper.make_graph([node], "one", inputs, [output])
    versions = [helper.make_opsetid("", OPSET), helper.make_opsetid(DOMAIN, VERSION)]
    return helper.make_model(graph, opset_imports=versions, ir_version=IR_VERSION, functions=[function(name)])


def run(made: ModelProto, values: Values, *, with_library: bool, threads: int = 1) -> Tensor:
    session = started(
        made.SerializeToString(), "a node", with_library=with_library, threads=threads, provider=CPU, options={}
    )
    (found,) = session.run(None, {key: one.numpy() for key, one in values.items()})
    return torch.from_numpy(np.asarray(found))


def parameters(pairs: int, random: torch.Generator) -> Values:
    return {
        "alpha": torch.tensor([0.7]),
        "weight": torch.rand(pairs, generator=random) + 0.5,
        "bias": torch.rand(pairs, generator=random) - 0.5,
    }


def expanded(x: Tensor, index: Tensor, values: Values, norm: str) -> Tensor:
    """concat(x, f(alpha * pairs) * weight + bias) in float64 by PyTorch's operators."""
    exact = x.double()
    z = steps.selected(exact, index)
    i, j = steps.pairs_for(exact, index)
    column = (-1, *(1,) * (x.dim() - 2))
    f = norms.apply(norm, values["alpha"].double() * (z[:, i] * z[:, j]))
    return torch.cat([exact, f * values["weight"].double().view(column) + values["bias"].double().view(column)], dim=1)


def products(x: Tensor, index: Tensor) -> Tensor:
    z = steps.selected(x.double(), index)
    i, j = steps.pairs_for(z, None)
    return z[:, i] * z[:, j]


def cross(x: Tensor, index: Tensor, *, with_library: bool, threads: int = 1, schedule: str = "") -> Tensor:
    values = {"x": x, "index": index}
    made = model(CROSS_HADAMARD, values, pair_count(index.shape[1]), schedule=schedule)
    return run(made, values, with_library=with_library, threads=threads)
