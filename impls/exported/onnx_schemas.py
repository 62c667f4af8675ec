"""From PyTorch's operators to nodes: the schemas of ours, and what the exporter calls for each."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import torch

from impls.exported.names import CROSS_HADAMARD, DOMAIN, SUFFIXES, VERSION, expand_name, select_expand_name

X = ("x", "T")
FLOATS = (("alpha", "tensor(float)"), ("weight", "tensor(float)"), ("bias", "tensor(float)"))
INDEX, TAPS = ("index", "tensor(int64)"), ("taps", "tensor(float)")


@lru_cache(maxsize=1)
def table() -> dict[Callable[..., Any], Callable[..., Any]]:
    """`custom_translation_table` of torch.onnx.export. The first call makes the operators known to onnx."""
    from onnxscript import values

    _register_schemas()
    nodes = values.Opset(DOMAIN, VERSION)
    ops = torch.ops.opbench
    return {
        ops.cross_hadamard.default: _cross_hadamard(nodes),
        ops.ach_expand.default: _ach_expand(nodes),
        ops.ach_select_expand.default: _ach_select_expand(nodes),
    }


def _cross_hadamard(nodes: Any) -> Callable[..., Any]:
    def node(x: Any, index: Any = None, backend: str = "auto") -> Any:
        if index is None:
            index = _everyone(x)
        schedule = backend.partition(":")[2]
        return nodes.CrossHadamard(x, index, schedule=schedule if schedule in {"direct", "balanced"} else "")

    return node


def _ach_expand(nodes: Any) -> Callable[..., Any]:
    def node(x: Any, index: Any, alpha: Any, weight: Any, bias: Any, norm: str = "softsign", backend: str = "") -> Any:
        del backend
        return getattr(nodes, expand_name(norm))(x, index, *map(_float, (alpha, weight, bias)))

    return node


def _ach_select_expand(nodes: Any) -> Callable[..., Any]:
    def node(
        x: Any, taps: Any, k: int, alpha: Any, weight: Any, bias: Any, norm: str = "softsign", backend: str = ""
    ) -> Any:
        del backend
        return getattr(nodes, select_expand_name(norm))(x, *map(_float, (taps, alpha, weight, bias)), k=k)

    return node


def _everyone(x: Any) -> Any:
    """An index that names all channels, in every sample."""
    from onnxscript import opset18

    nodes: Any = opset18
    channels = int(x.shape[1])
    shape = nodes.Concat(nodes.Shape(x, start=0, end=1), nodes.Constant(value_ints=[channels]), axis=0)
    return nodes.Expand(nodes.Constant(value_ints=list(range(channels))), shape)


def _float(value: Any) -> Any:
    """Parameters are float32 in a file, whatever x is."""
    from onnxscript import opset18

    return value if value.dtype is None or value.dtype.name == "FLOAT" else opset18.Cast(value, to=1)


def _register_schemas() -> None:
    from onnx import defs

    attribute, kind = defs.OpSchema.Attribute, defs.OpSchema.AttrType
    k = attribute("k", kind.INT, "channels selected", required=True)
    schedule = attribute("schedule", kind.STRING, "direct, balanced or empty", required=False)
    schemas: list[tuple[str, tuple[tuple[str, str], ...], list[Any]]] = [(CROSS_HADAMARD, (X, INDEX), [schedule])]
    for norm in SUFFIXES:
        schemas += [(expand_name(norm), (X, INDEX, *FLOATS), []), (select_expand_name(norm), (X, TAPS, *FLOATS), [k])]
    for name, inputs, attributes in schemas:
        if not defs.has(name, domain=DOMAIN):
            defs.register_schema(_schema(name, inputs, attributes))


def _schema(name: str, inputs: tuple[tuple[str, str], ...], attributes: list[Any]) -> Any:
    from onnx import defs

    formal = defs.OpSchema.FormalParameter
    return defs.OpSchema(
        name,
        DOMAIN,
        VERSION,
        inputs=[formal(*input_type) for input_type in inputs],
        outputs=[formal("y", "T")],
        type_constraints=[("T", ["tensor(float)", "tensor(float16)"], "of x")],
        attributes=attributes,
    )
