"""ONNX Runtime as two backends of whatever can be exported: the file alone (`stock`), and with our library (`custom`).

Both open the same file; a network as one node (`fused`) is another file, with our library too. On a GPU only `stock`
runs: our library is for the CPU provider.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import accumulate
from time import perf_counter
from typing import TYPE_CHECKING, Any, TypeAlias

import torch

from impls import native
from impls.exported.aligned import aligned
from impls.exported.cached import Make, as_it_is, exported
from impls.exported.names import missing
from impls.exported.onnx_file import EXPORT_S, facts, read
from impls.exported.session import CPU, CUDA, open_model, runtime
from impls.resident import peak_growth
from impls.threads import threads_of
from opbench import Backend, Figured, Preparing
from opbench.errors import MachineError

if TYPE_CHECKING:
    from torch import Tensor, nn

    from impls.exported.session import Session
    from opbench import Inputs, Launch, Point

KINDS = {
    "stock": "ONNX Runtime, our operators as the file's own functions of standard nodes",
    "custom": "ONNX Runtime with our operator library",
    "fused": "ONNX Runtime with our library, the whole network or block one node of it",
}

NEEDED = ("onnx", "onnxscript", "onnxruntime")


@dataclass(frozen=True)
class Opened:
    """A session and what opening it showed."""

    session: Session
    figures: dict[str, float]
    channels_last: bool = False
    """Whether its file takes and makes maps (B, H, W, C). The point's are (B, C, H, W), however they lie in memory."""


Open: TypeAlias = "Callable[[Point, Inputs, str, str], Opened]"
"""(point, inputs, schedule, kind) to a session whose only input is the point's `x`."""


def backend_of(
    kind: str, open_it: Open, *, look: tuple[str, str] | tuple[()] = (), schedules: tuple[str, ...] = ()
) -> Backend:
    """Makes a backend of ONNX Runtime from what opens a session.

    kind: of KINDS. What is one node takes float32 alone.
    look: as in `Backend`.
    """

    def prepare(point: Point, inputs: Inputs, _: Tensor | None, schedule: str) -> Launch:
        opened_point = open_it(point, inputs, schedule, kind)
        launch = _launch(opened_point, point.device, inputs["x"])
        _, growth = peak_growth(launch)
        return Figured(launch, _summed(opened_point.figures, growth))

    return Backend(
        about=KINDS[kind],
        prepare=prepare,
        devices=frozenset({"cpu", "cuda"} if kind == "stock" else {"cpu"}),
        dtypes=frozenset({"float32"} if kind == "fused" else {"float32", "float16"}),
        schedules=schedules,
        kind="runtime",
        look=look,
        unavailable=_why_not(kind),
        preparing=lambda: Preparing(each_s=2.0),  # to export a network takes 1 to 5 s, to find its file again 0.3
    )


def opened_model(model: nn.Module, name: str, point: Point, inputs: Inputs, kind: str, make: Make = as_it_is) -> Opened:
    """The model, exported once for its image size and opened with its channels aligned (`aligned.py`).

    name: its architecture's, with whatever decides the graph. make: what writes the file, see `cached.exported`.
    """
    path = exported(model, name, tuple(inputs["x"].shape), make)
    file = aligned(read(path))
    opened_file = opened(file.SerializeToString(), str(path), point, kind)
    return Opened(opened_file.session, {"export_s": float(facts(file)[EXPORT_S]), **opened_file.figures})


def opened(data: bytes, what: str, point: Point, kind: str) -> Opened:
    """The model in a session of the point's device and threads."""
    provider, options = (CPU, {}) if point.device == "cpu" else (CUDA, _same_stream())
    start = perf_counter()
    session, growth = peak_growth(
        lambda: open_model(
            data,
            what,
            with_library=kind != "stock",
            threads=threads_of(point.axes),
            provider=provider,
            options=options,
        )
    )
    return Opened(session, {"load_s": perf_counter() - start, "file_bytes": float(len(data)), **growth})


def _launch(opened_file: Opened, device: str, x: Tensor) -> Launch:
    if not opened_file.channels_last:
        return launch_on(opened_file.session, device, x)
    launch = launch_on(opened_file.session, device, x.permute(0, 2, 3, 1))
    return lambda: launch().permute(0, 3, 1, 2)


def launch_on(session: Session, device: str, x: Tensor) -> Launch:
    """One run on `x`, which is read anew in every call. Several outputs are one tensor of one dimension."""
    if device == "cpu" and len(session.runtime.get_outputs()) > 1:
        return _joined(session, x)
    if device == "cuda":
        return _bound(session, x)
    values, run, name = x.numpy(), session.runtime.run, session.name

    def launch() -> Tensor:
        return torch.from_numpy(run(None, {name: values})[0])

    return launch


def _joined(session: Session, x: Tensor) -> Launch:
    """The same with outputs that the runtime writes behind each other into a tensor that every call makes anew."""
    binding, run = session.runtime.io_binding(), session.runtime.run_with_iobinding
    binding.bind_input(session.name, "cpu", 0, _numpy_dtype(x), tuple(x.shape), x.data_ptr())
    shapes = [one.shape for one in session.outputs(x.numpy())]
    names = [one.name for one in session.runtime.get_outputs()]
    starts = [0, *accumulate(math.prod(shape) for shape in shapes)]
    total, size, dtype = starts.pop(), x.element_size(), _numpy_dtype(x)
    places = list(zip(names, shapes, (start * size for start in starts), strict=True))

    def launch() -> Tensor:
        joined = torch.empty(total, dtype=x.dtype)
        first = joined.data_ptr()
        for name, shape, start in places:
            binding.bind_output(name, "cpu", 0, dtype, shape, first + start)
        run(binding)
        return joined

    return launch


def _bound(session: Session, x: Tensor) -> Launch:
    """The same with input and output in the GPU's memory."""
    binding = session.runtime.io_binding()
    (output,) = session.runtime.get_outputs()
    binding.bind_input(session.name, "cuda", 0, _numpy_dtype(x), tuple(x.shape), x.data_ptr())
    first = session(x.cpu().numpy())
    result = torch.empty(first.shape, dtype=x.dtype, device=x.device)
    binding.bind_output(output.name, "cuda", 0, _numpy_dtype(x), tuple(result.shape), result.data_ptr())

    def launch() -> Tensor:
        session.runtime.run_with_iobinding(binding)
        return result

    return launch


def _numpy_dtype(x: Tensor) -> Any:
    return torch.empty(0, dtype=x.dtype).numpy().dtype.type


def _same_stream() -> dict[str, str]:
    """The stream the clocks watch."""
    return {"user_compute_stream": str(torch.cuda.current_stream().cuda_stream)}


def _summed(figures: dict[str, float], growth: dict[str, float]) -> dict[str, float]:
    """Opening and the first run, one after the other."""
    if "peak_bytes" not in growth or "peak_bytes" not in figures:
        return {name: value for name, value in figures.items() if name != "peak_bytes"}
    return figures | {"peak_bytes": figures["peak_bytes"] + growth["peak_bytes"]}


def _why_not(kind: str) -> Callable[[str], str | None]:
    def unavailable(device: str) -> str | None:
        for name in NEEDED:
            if find_spec(name) is None:
                return missing(name)
        if device == "cuda":
            return _why_no_cuda()
        return None if kind == "stock" else native.why_not()

    return unavailable


def _why_no_cuda() -> str | None:
    try:
        there = runtime().get_available_providers()
    except MachineError as exc:
        return str(exc)
    return None if CUDA in there else f"ONNX Runtime has no {CUDA} here; `python -m pip install onnxruntime-gpu`"
