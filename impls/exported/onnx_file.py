"""The file: what ours say of themselves, and whether one may be believed.

Its sum is over everything that decides what it computes, so that a damaged weight is noticed where a runtime would
compute with it.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from impls.exported.names import DOMAIN, VERSION, missing
from impls.exported.onnx_functions import OPSET, function
from opbench.errors import MachineError, UsageError, first_line

if TYPE_CHECKING:
    from pathlib import Path

    from onnx import ModelProto

IR_VERSION = 9
"""Of the format: the newest that ONNX Runtime 1.16 reads."""

SUM, EXPORT_S = "opbench.sum", "opbench.export_s"


def complete(model: ModelProto, export_s: float) -> None:
    """Makes an exported model one of ours: functions for its operators, versions, its sum and the seconds it took."""
    used = sorted({node.op_type for node in model.graph.node if node.domain == DOMAIN})
    model.ir_version = IR_VERSION
    model.functions.extend(function(name) for name in used)
    model.metadata_props.add(key=EXPORT_S, value=f"{export_s:.3f}")
    sign(model)


def sign(model: ModelProto) -> None:
    """Writes its sum into it, in the place of an earlier one."""
    others = [entry for entry in model.metadata_props if entry.key != SUM]
    del model.metadata_props[:]
    model.metadata_props.extend(others)
    model.metadata_props.add(key=SUM, value=digest(model))


def digest(model: ModelProto) -> str:
    """Over weights, nodes, functions, inputs and outputs."""
    hashed = hashlib.blake2b(digest_size=16)
    graph = model.graph
    for part in (*graph.node, *model.functions, *graph.input, *graph.output, *model.opset_import):
        hashed.update(part.SerializeToString(deterministic=True))
    for initializer in graph.initializer:
        hashed.update(f"{initializer.name} {initializer.data_type} {list(initializer.dims)}".encode())
        hashed.update(initializer.raw_data or initializer.SerializeToString(deterministic=True))
    return hashed.hexdigest()


def read(path: Path) -> ModelProto:
    """The model of a file of ours, unharmed.

    Raises UsageError for a file that is not there, no ONNX file, damaged, of another version of our operators, or not
    exported by us; MachineError where onnx is not installed.
    """
    model = parse(path)
    ours = {opset.domain: opset.version for opset in model.opset_import}.get(DOMAIN, VERSION)
    if ours != VERSION:
        raise UsageError(
            f"{path} uses version {ours} of our operators, this opbench has version {VERSION}; export the model anew"
        )
    recorded = facts(model).get(SUM)
    if recorded is None:
        raise UsageError(f"{path} was not exported by opbench (it has no {SUM}); export it with impls.exported.export")
    if recorded != digest(model):
        raise UsageError(f"{path} is not as it was exported: its sum differs; export the model anew")
    return model


def parse(path: Path) -> ModelProto:
    """Whatever model the file holds. Raises as `read` for a file that holds none."""
    try:
        import onnx
        from google.protobuf.message import DecodeError
    except ModuleNotFoundError as exc:
        raise MachineError(missing(exc.name)) from exc
    try:
        model = onnx.load(str(path))
    except FileNotFoundError as exc:
        raise UsageError(f"there is no file {path}") from exc
    except OSError as exc:
        raise UsageError(f"cannot read {path}: {exc.strerror}") from exc
    except (DecodeError, ValueError) as exc:
        raise UsageError(f"{path} is no ONNX file, or a damaged one ({first_line(exc)})") from exc
    if not model.graph.node or not model.opset_import:
        raise UsageError(f"{path} is no ONNX file, or an empty one")
    return model


def facts(model: ModelProto) -> dict[str, str]:
    return {entry.key: entry.value for entry in model.metadata_props}


__all__ = ["EXPORT_S", "OPSET", "complete", "digest", "facts", "parse", "read", "sign"]
