"""OpenVINO as a backend of whatever can be exported: ONNX Runtime's file, compiled for the point's shape."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import TYPE_CHECKING, TypeAlias

from impls.exported.cached import exported
from impls.exported.names import missing
from impls.exported.onnx_file import EXPORT_S, facts, read
from impls.exported.openvino.session import compiled
from impls.installed import why_not_installed
from impls.resident import peak_growth
from impls.threads import threads_of
from opbench import Backend, Figured, Preparing

if TYPE_CHECKING:
    from torch import Tensor, nn

    from opbench import Inputs, Launch, Point

ModelOf: TypeAlias = "Callable[[Point, Inputs], nn.Module]"
"""(point, inputs) to the module that is exported, whose file is named after the operator."""


def backend_of(model_of: ModelOf, *, look: tuple[str, str] | tuple[()] = ()) -> Backend:
    """Makes a backend of OpenVINO from what makes the module. look: as in `Backend`."""

    def prepare(point: Point, inputs: Inputs, _: Tensor | None, __: str) -> Launch:
        x = inputs["x"]
        path = exported(model_of(point, inputs), point.operator, tuple(x.shape))
        file = read(path)

        def load() -> tuple[Launch, float]:
            start = perf_counter()
            model = compiled(file, str(path), tuple(x.shape), threads_of(point.axes))
            model.bind(x)
            seconds = perf_counter() - start
            model()
            return lambda: model()[0], seconds

        (launch, load_s), growth = peak_growth(load)
        figures = {"export_s": float(facts(file)[EXPORT_S]), "load_s": load_s, "file_bytes": float(file.ByteSize())}
        return Figured(launch, figures | growth)

    return Backend(
        about="OpenVINO on the exported file, its functions written out, float32 and one stream",
        prepare=prepare,
        devices=frozenset({"cpu"}),
        dtypes=frozenset({"float32"}),
        kind="runtime",
        look=look,
        unavailable=_why_not,
        preparing=lambda: Preparing(each_s=4.0),  # to export takes 1 to 5 s, to compile 0.5 to 2
    )


def _why_not(_: str) -> str | None:
    return why_not_installed("openvino", "openvino") or (missing("onnx") if why_not_installed("onnx", "onnx") else None)
