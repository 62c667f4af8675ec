"""A file in OpenVINO on the CPU: compiled once for one shape, in float32, on as many threads as asked for.

Its ONNX frontend takes no functions of a file, so these are written out first (`inlined.py`). The shape is fixed, so
that it can plan its memory once. What is asked of it is what its documentation names for the latency of single
requests: one stream, the hint LATENCY, and float32, since it would take bfloat16 where a processor has it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from impls.exported.inlined import inlined
from impls.installed import imported
from opbench.errors import UsageError, describe_exception

if TYPE_CHECKING:
    from onnx import ModelProto

MISSING = "openvino is not installed; `python -m pip install openvino`"


@dataclass
class Compiled:
    """One compiled model of one input `x`: an infer request of OpenVINO's own, and the shape that it takes.

    bound: what calls read, which OpenVINO itself does not keep alive.
    """

    request: Any
    what: str
    shape: tuple[int, ...]
    bound: Tensor | None = None

    def bind(self, x: Tensor) -> None:
        """Every call from now on reads `x`, float32 and contiguous, from its own memory.

        Raises UsageError for another shape or dtype than it was compiled for.
        """
        if tuple(x.shape) != self.shape or x.dtype != torch.float32:
            raise UsageError(
                f"x is {x.dtype} {tuple(x.shape)}; {self.what} was compiled for torch.float32 {self.shape}"
            )
        self.bound = x.contiguous()
        self.request.set_input_tensor(openvino().Tensor(self.bound.numpy(), shared_memory=True))

    def __call__(self) -> list[Tensor]:
        """The outputs in the file's order, for what is bound; fresh memory."""
        self.request.infer()
        return [torch.from_numpy(one.data.copy()) for one in self.request.output_tensors]


def compiled(model: ModelProto, what: str, shape: tuple[int, ...], threads: int) -> Compiled:
    """model: of an exported file, with functions or without; what: its name in messages; shape: of `x`.

    Raises MachineError without OpenVINO, UsageError with its first line where it does not take the model.
    """
    ov = openvino()
    hints = {
        "INFERENCE_NUM_THREADS": threads,
        "NUM_STREAMS": 1,
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_PRECISION_HINT": "f32",
    }
    try:
        core = ov.Core()
        read = core.read_model(inlined(model).SerializeToString())
        read.reshape(list(shape))
        return Compiled(core.compile_model(read, "CPU", hints).create_infer_request(), what, shape)
    except RuntimeError as exc:
        raise UsageError(f"OpenVINO {ov.__version__} does not take {what}: {describe_exception(exc)}") from exc


@lru_cache(maxsize=1)
def openvino() -> Any:
    """The module openvino. Raises MachineError where it is missing."""
    return imported("openvino", MISSING)
