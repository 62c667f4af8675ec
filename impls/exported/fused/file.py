"""A Hadaptive-Net as a file of one node, `FusedNetwork`: x and the folded weights to the scores.

    from impls.exported.fused.file import export
    export(hadaptive_net_s().eval(), "fused.onnx")

With our library registered ONNX Runtime packs the weights once, when the session opens, and computes the node channels
last in one call; without, the function of standard nodes that travels in the file.
"""

from __future__ import annotations

import copy
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

import torch
from torch import nn

from impls.exported.agreement import NEAR, check, drawn
from impls.exported.export import INPUT, OUTPUT, write
from impls.exported.fused.nodes import Body
from impls.exported.names import DOMAIN, FUSED_NETWORK, VERSION, missing
from impls.exported.onnx_file import EXPORT_S, IR_VERSION, OPSET, sign
from impls.exported.onnx_functions import function
from impls.hadaptive.fused import joining, specs
from impls.hadaptive.fused.joining import joined
from impls.hadaptive.fused.specs import Spec, named_layers, spec_of
from impls.hadaptive.network import HadaptiveNet
from impls.inference import folding, merging
from opbench.errors import MachineError, UsageError

if TYPE_CHECKING:
    from onnx import FunctionProto, ModelProto, OperatorSetIdProto

LAYERS = "layers"
"""The node's attribute: a line for each layer, its kind and its numbers, such as `convolution stride=2 padding=0 ...`.
Sizes are those of the weights, which follow x in the layers' order."""


def export(model: nn.Module, path: str | Path, shape: tuple[int, ...] = (1, 3, 224, 224)) -> Path:
    """Writes a Hadaptive-Net as a file with input `x` (batch, *shape[1:]) float32, output `y`, and any batch.

    The file is held against PyTorch before it is written, as `impls.exported.export.export` does; `model` stays as it
    is. Returns the path. Raises UsageError for another module, one that returns maps, and one of which some layer has
    no fused form, with the reason; else as `export`.
    """
    return write(exported(model, shape), path)


def exported(model: nn.Module, shape: tuple[int, ...]) -> ModelProto:
    """What `export` writes. Raises as it does, but for the disk."""
    if not isinstance(model, HadaptiveNet) or model.features_only:
        raise UsageError(f"a {type(model).__name__} has no file of one node; expected a HadaptiveNet with a classifier")
    still = copy.deepcopy(model).eval().requires_grad_(requires_grad=False)
    start = perf_counter()
    proto = _model(_specs(still), shape, still.num_classes)
    proto.metadata_props.add(key=EXPORT_S, value=f"{perf_counter() - start:.3f}")
    sign(proto)
    check(proto, still, drawn(shape), NEAR[torch.float32])
    return proto


@lru_cache(maxsize=1)
def code_key() -> str:
    """Of the code that makes layers of modules, for the names of cached files."""
    digest = blake2b(digest_size=4)
    for module in (folding, merging, joining, specs):
        digest.update(Path(str(module.__file__)).read_bytes())
    return digest.hexdigest()


def text_of(spec: Spec) -> str:
    """The layer's line of the attribute: what is no tensor, in the order of the arguments; true is 1."""
    numbers = {name: value for name, value in spec.arguments.items() if not isinstance(value, torch.Tensor)}
    return " ".join([spec.kind, *(f"{name}={_plain(value)}" for name, value in numbers.items())])


def _plain(value: object) -> str:
    return str(int(value)) if isinstance(value, bool) else f"{value}"


def _specs(network: HadaptiveNet) -> list[Spec]:
    found = []
    for at, (name, module) in enumerate(named_layers(network)):
        try:
            found.append(spec_of(module, image=at == 0))
        except UsageError as exc:
            raise UsageError(f"{name} has no fused form, so the network is no single node: {exc}") from exc
    return joined(found)


def _model(specs: list[Spec], shape: tuple[int, ...], classes: int) -> ModelProto:
    try:
        from onnx import TensorProto, helper, numpy_helper
    except ModuleNotFoundError as exc:
        raise MachineError(missing(exc.name)) from exc
    body = Body()
    for at, spec in enumerate(specs):
        body.layer(spec, f"m{at}" if at else INPUT, f"m{at + 1}" if at + 1 < len(specs) else OUTPUT)
    text = "\n".join(text_of(spec) for spec in specs)
    names = list(body.weights)
    node = helper.make_node(
        FUSED_NETWORK, [INPUT, *names], [OUTPUT], domain=DOMAIN, name=FUSED_NETWORK, **{LAYERS: text}
    )
    graph = helper.make_graph(
        [node],
        FUSED_NETWORK,
        [helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, ["batch", *shape[1:]])],
        [helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, ["batch", classes])],
        [numpy_helper.from_array(value.numpy(), name) for name, value in body.weights.items()],
    )
    versions = [helper.make_opsetid("", OPSET), helper.make_opsetid(DOMAIN, VERSION)]
    used = sorted({one.op_type for one in body.nodes if one.domain == DOMAIN})
    functions = [_function(body, names, versions), *(function(name) for name in used)]
    return helper.make_model(graph, opset_imports=versions, ir_version=IR_VERSION, functions=functions)


def _function(body: Body, weights: list[str], versions: list[OperatorSetIdProto]) -> FunctionProto:
    from onnx import helper

    made: FunctionProto = helper.make_function(
        DOMAIN, FUSED_NETWORK, [INPUT, *weights], [OUTPUT], body.nodes, versions, [LAYERS]
    )
    return made
