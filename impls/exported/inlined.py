"""A model without functions of its own: what they compute, written out where they were called.

ONNX Runtime needs none of this and is faster with functions, since our library takes their place. A runtime that
refuses a file with functions of its own, such as OpenVINO, takes this one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from impls.exported.names import DOMAIN, missing
from opbench.errors import MachineError, UsageError

if TYPE_CHECKING:
    from onnx import ModelProto


def inlined(model: ModelProto) -> ModelProto:
    """The model in standard nodes alone; `model` stays as it is, and is returned where it has no functions.

    Raises MachineError without onnx, UsageError where a node of ours has no function that says what it is.
    """
    if model.functions:
        try:
            from onnx import inliner
        except ModuleNotFoundError as exc:
            raise MachineError(missing(exc.name)) from exc
        model = inliner.inline_local_functions(model)
    left = sorted({node.op_type for node in model.graph.node if node.domain == DOMAIN})
    if left:
        raise UsageError(f"the model has no function that says what {', '.join(left)} computes; export it anew")
    return model
