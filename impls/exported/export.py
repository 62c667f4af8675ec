"""From a PyTorch model to a file that any ONNX Runtime computes, and that says what it may not be used for.

from impls.exported.export import export
export(hadaptive_net_s(), "hadaptive_net_s.onnx")
"""

from __future__ import annotations

import copy
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from impls.exported.agreement import NEAR, check, drawn
from impls.exported.aligned import MULTIPLE, aligned
from impls.exported.frozen import freeze
from impls.exported.inlined import inlined
from impls.exported.names import missing
from impls.exported.onnx_file import OPSET, complete, sign
from impls.exported.translations import remember
from opbench.errors import MachineError, UsageError
from opbench.store.files import write_whole

if TYPE_CHECKING:
    from onnx import ModelProto

INPUT, OUTPUT = "x", "y"


def export(
    model: nn.Module,
    path: str | Path,
    shape: tuple[int, ...] = (1, 3, 224, 224),
    outputs: tuple[str, ...] = (OUTPUT,),
    *,
    functions: bool = True,
    multiple: int = MULTIPLE,
) -> Path:
    """Writes `model` in eval mode as an ONNX file with input `x` (batch, *shape[1:]), `outputs`, and any batch.

    Every ACH becomes one node of domain `opbench`, and other products of ours too; the file holds each of these
    operators as a function of standard nodes as well. Before the file is written, a stock ONNX Runtime computes it at
    two batches and is held against PyTorch. `model` stays as it is. float32 or float16. One that returns several
    tensors, each with a batch in front, has that many names in `outputs`.

    functions: False writes out what our operators compute, for runtimes that take no functions of a file (OpenVINO).
    Such a file has none of our nodes, so our library has nothing to do in it.
    multiple: of how many channels depthwise convolutions are, with channels of zeros added up to it where they are not
    (`aligned.py`); 1 adds none.

    Returns the path. Raises UsageError for a model that cannot be exported or an image size it does not take, and where
    the runtime computes something else; MachineError for a missing library and a disk that does not take the file.
    """
    return write(exported(model, shape, outputs, functions=functions, multiple=multiple), path)


def exported(
    model: nn.Module,
    shape: tuple[int, ...],
    outputs: tuple[str, ...] = (OUTPUT,),
    samples: Tensor | None = None,
    near: float | None = None,
    *,
    functions: bool = True,
    multiple: int = 1,
) -> ModelProto:
    """What `export` writes, with no channels added unless asked for. Raises as it does, but for the disk.

    samples: (4, *shape[1:]), what it is held against PyTorch on; noise where left out. near: how far outputs may be off
    there, over the largest of each; `agreement.NEAR` where left out.
    """
    dtype = next((parameter.dtype for parameter in model.parameters()), torch.float32)
    if dtype not in {torch.float32, torch.float16}:
        raise UsageError(f"the model is {dtype}; files hold float32 or float16")
    still = freeze(copy.deepcopy(model).eval().requires_grad_(requires_grad=False).cpu())
    start = perf_counter()
    proto = _exported(still, torch.zeros((2, *shape[1:]), dtype=dtype), outputs)
    complete(proto, perf_counter() - start)
    if not functions:
        proto = inlined(proto)
    proto = aligned(proto, multiple)
    sign(proto)
    check(proto, still, (drawn(shape) if samples is None else samples).to(dtype), near or NEAR[dtype])
    return proto


def write(exported: ModelProto, path: str | Path) -> Path:
    """The file, whole or not at all. Raises MachineError for a disk that does not take it."""
    try:
        write_whole(Path(path), exported.SerializeToString())
    except OSError as exc:
        raise MachineError(f"cannot write {path}: {exc.strerror}") from exc
    return Path(path)


class _Named(nn.Module):
    """The model with our name for its input, whatever its own is called."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, x: Tensor) -> Tensor | tuple[Tensor, ...]:
        answer: Tensor | tuple[Tensor, ...] = self.model(x)
        return answer


def _exported(model: nn.Module, example: Tensor, outputs: tuple[str, ...]) -> ModelProto:
    try:
        from impls.exported.onnx_schemas import table

        translations = table()
        remember()
    except ModuleNotFoundError as exc:
        raise MachineError(missing(exc.name)) from exc
    try:
        with torch.no_grad():
            model(example)  # what it raises for an image it does not take, it raises here and not within a tracer
        with _quiet():
            program: Any = torch.onnx.export(
                _Named(model),
                (example,),
                dynamo=True,
                verbose=False,
                opset_version=OPSET,
                input_names=[INPUT],
                output_names=list(outputs),
                dynamic_shapes=({0: torch.export.Dim("batch")},),
                custom_translation_table=translations,
            )
    except Exception as exc:
        raise UsageError(f"this {type(model).__name__} cannot be exported: {_first(exc)}") from exc
    proto: ModelProto = program.model_proto
    return proto


@contextmanager
def _quiet() -> Iterator[None]:
    """The exporter warns of its own internals and logs what it skips; neither says anything of the model."""
    loggers = [logging.getLogger(name) for name in ("torch.onnx", "onnxscript", "onnx_ir", "torch.export")]
    levels = [logger.level for logger in loggers]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for logger in loggers:
            logger.setLevel(logging.ERROR)
        try:
            yield
        finally:
            for logger, level in zip(loggers, levels, strict=True):
                logger.setLevel(level)


def _first(exc: BaseException) -> str:
    while exc.__cause__ is not None:
        exc = exc.__cause__
    lines = str(exc).strip().splitlines()
    return f"{type(exc).__name__}: {lines[0]}" if lines else type(exc).__name__
