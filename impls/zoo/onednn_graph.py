"""The models traced and frozen by TorchScript, and fused by oneDNN Graph: PyTorch's compiler before torch.compile.

PyTorch calls TorchScript deprecated, and has it still; here it is quicker than torch.compile on most of these models.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch

from impls.resident import loaded
from impls.threads import use_threads
from impls.zoo.building import build
from impls.zoo.definition import module_for
from opbench import Backend, Figured, Preparing

if TYPE_CHECKING:
    from torch import Tensor

    from opbench import Inputs, Launch, Point

WARM_UPS = 3
"""The first two calls look at shapes, the third is fused by them."""


def prepare(point: Point, inputs: Inputs, _: Tensor | None, __: str) -> Launch:
    """Its `load_s` has tracing, freezing and compiling in it."""
    use_threads(point.axes)
    build(point.operator)
    launch, figures = loaded(lambda: _fused(point, inputs["x"]), lambda launch: launch(), point.device)
    return Figured(launch, figures)


def _fused(point: Point, x: Tensor) -> Launch:
    model = module_for(point)
    with _fusing(), torch.no_grad():
        traced = torch.jit.freeze(_jit().trace(model, x, check_trace=False))
        for _ in range(WARM_UPS):
            traced(x)

    def launch() -> Tensor:
        with torch.no_grad():
            logits: Tensor = traced(x)
        return logits

    return launch


@contextmanager
def _fusing() -> Iterator[None]:
    """oneDNN Graph is a switch of the process, and TorchScript warns of its own end and of every branch it traces."""
    before = _jit().onednn_fusion_enabled()
    torch.jit.enable_onednn_fusion(enabled=True)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        torch.jit.enable_onednn_fusion(before)


def _jit() -> Any:
    """torch.jit, whose functions PyTorch leaves without types."""
    return torch.jit


def _why_not(_: str) -> str | None:
    known = hasattr(torch.jit, "enable_onednn_fusion")
    return None if known else f"PyTorch {torch.__version__} has no oneDNN Graph behind TorchScript any more"


BACKEND = Backend(
    about="TorchScript, frozen, fused by oneDNN Graph",
    prepare=prepare,
    devices=frozenset({"cpu"}),
    dtypes=frozenset({"float32"}),
    kind="compiler",
    look=("#882255", "8"),
    unavailable=_why_not,
    preparing=lambda: Preparing(each_s=3.0),
)
