"""One case in a process of its own: prepare, warm up, and N calls inside a region that tools outside recognise.

    python -m opbench.profiling.target.run_case REQUEST    (JSON of a `TargetRequest`, or `-` to read standard input)

The answer is one JSON object in the request's folder: `calls`, and the seconds of preparing (`prepare_s`), of the
first call (`first_call_s`), and of the imports during both (`import_s`), which are in neither; for a trace also what
`trace_recorder` adds; or `error`, one line.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from time import perf_counter
from typing import Any, BinaryIO

from opbench.device import synchronize
from opbench.errors import MachineError, OpbenchError, UsageError
from opbench.process.environment import set_up
from opbench.process.garbage import import_set_apart
from opbench.profiling.target import launch_calls, trace_recorder
from opbench.profiling.target.import_timer import ImportTimer
from opbench.profiling.target.request import TargetRequest, range_name, request_from_json
from opbench.vocabulary.backend import Backend, Launch
from opbench.vocabulary.case import Case
from opbench.vocabulary.operator import Operator

WARMUP_S = 0.05
"""Seconds of calls before the region: clocks, caches and allocators have settled, and a call's time is known."""


def run(request: TargetRequest) -> dict[str, Any]:
    """Return the answer. Raises MachineError or UsageError, in one line, where the case cannot run here."""
    from opbench import catalog

    case = request.case
    set_up(case.point.device, request.threads)
    operator = catalog.operator(case.point.operator)
    backend = _admit(operator, case)
    launch, answer = _prepare(operator, backend, case)
    if request.region == "trace":
        return answer | trace_recorder.record_trace(launch, request)
    call_s = launch_calls.warm_up(launch, case.point.device, WARMUP_S)
    calls = request.calls or max(1, round(request.fill_s / call_s))
    with _region(request):
        launch_calls.call_launch(launch, calls, case.point.device)
    return answer | {"calls": calls}


def _admit(operator: Operator, case: Case) -> Backend:
    from opbench import catalog
    from opbench.measure.memory import shortage
    from opbench.vocabulary.record import Unavailable

    backend = catalog.backend(operator.name, case.backend)
    if isinstance(backend, Unavailable):
        raise MachineError(f"{case.backend}: {backend.reason}")
    if case.point.dtype not in operator.tolerances:
        raise UsageError(f"{operator.name} takes {', '.join(operator.tolerances)}, not {case.point.dtype}")
    if reason := backend.refusal(case.point) or shortage(case.point, operator.work(case.point), 1):
        raise MachineError(f"{case.backend}: {reason}")
    if backend.simulated(case.point.device):
        raise MachineError(f"{case.backend}: simulated ({backend.simulated_by}); there is nothing to count or time")
    return backend


def _prepare(operator: Operator, backend: Backend, case: Case) -> tuple[Launch, dict[str, Any]]:
    """The launch after its first call, and what both took; compilers that are lazy work during the first call."""
    import torch

    point = case.point
    inputs = operator.inputs(point)
    out = None
    if point.mode == "out":
        shape = operator.reference(point, inputs).shape
        out = torch.empty(shape, dtype=getattr(torch, point.dtype), device=point.device)
    synchronize(point.device)
    with ImportTimer() as imports:
        start_s = perf_counter()
        launch = backend.prepare(point, inputs, out, case.backend.partition(":")[2])
        synchronize(point.device)
        prepare_s, prepare_import_s = perf_counter() - start_s, imports.seconds
        launch_calls.call_launch(launch, 1, point.device)
        first_call_s = perf_counter() - start_s - prepare_s
    import_s = imports.seconds
    return launch, {
        "prepare_s": prepare_s - prepare_import_s,
        "first_call_s": first_call_s - (import_s - prepare_import_s),
        "import_s": import_s,
    }


def _region(request: TargetRequest) -> AbstractContextManager[None]:
    if request.region == "perf":
        return _perf_region(request)
    return _cuda_region(range_name(request.case)) if request.region == "cuda" else nullcontext()


@contextmanager
def _perf_region(request: TargetRequest) -> Iterator[None]:
    """Counters on from here to the end of the block, by perf's own control pipe."""
    with (
        (request.folder / "control").open("wb", buffering=0) as control,
        (request.folder / "ack").open("rb", buffering=0) as ack,
    ):
        _command_perf(control, ack, b"enable\n")
        yield
        _command_perf(control, ack, b"disable\n")


def _command_perf(control: BinaryIO, ack: BinaryIO, command: bytes) -> None:
    control.write(command)
    if b"ack" not in (answer := ack.read(16)):
        raise MachineError(f"perf answered {answer!r} to {command!r}; expected ack: this perf is older than 5.11")


@contextmanager
def _cuda_region(name: str) -> Iterator[None]:
    import torch

    cuda: Any = torch.cuda
    runtime = cuda.cudart()
    range_id = cuda.nvtx.range_start(name)  # of all threads: autograd launches from one of its own
    runtime.cudaProfilerStart()
    yield
    cuda.synchronize()
    runtime.cudaProfilerStop()
    cuda.nvtx.range_end(range_id)


def _failure(exc: Exception) -> str:
    """In one line: a compiler that failed says why below its first one."""
    lines = [line.strip() for line in str(exc).splitlines() if line.strip()] or ["no reason"]
    compiler_error = next((line for line in lines[1:] if "error:" in line), "")
    return ": ".join(filter(None, (type(exc).__name__, lines[0], compiler_error)))


def main(text: str) -> int:
    """Answer the request; the exit code is 0, or an error's own."""
    request = request_from_json(sys.stdin.read() if text == "-" else text)
    exit_code = 0
    try:
        answer = run(request)
    except OpbenchError as exc:
        answer, exit_code = {"error": str(exc)}, exc.exit_code
    except Exception as exc:  # noqa: BLE001  (a backend's own failure is the answer, and not this process's)
        answer, exit_code = {"error": f"{request.case.backend}: {_failure(exc)}"}, MachineError.exit_code
    request.answer_file.write_text(json.dumps(answer), encoding="utf-8")
    return exit_code


if __name__ == "__main__":
    import_set_apart("torch")
    raise SystemExit(main(sys.argv[1]))
