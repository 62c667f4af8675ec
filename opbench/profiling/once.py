"""One case in a process of its own: prepare, warm up, and N calls inside a region that tools outside recognise.

    python -m opbench.profiling.once REQUEST    (JSON of a `Request`, or `-` to read it from standard input)

The answer is one JSON object in the request's folder: `calls`, and the seconds of preparing (`prepare_s`), of the
first call (`first_call_s`), and of the imports during both (`import_s`), which are in neither; for a trace also what
`recording` adds; or `error`, one line.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from time import perf_counter
from typing import TYPE_CHECKING, Any

from opbench.environment import set_up
from opbench.errors import MachineError, OpbenchError, UsageError
from opbench.profiling import calling, recording
from opbench.profiling.importing import Imports
from opbench.profiling.request import Request, range_name, request_from_json

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from typing import BinaryIO

    from opbench.backend import Backend, Launch
    from opbench.case import Case
    from opbench.operator import Operator

WARM_S = 0.05
"""Seconds of calls before the region: clocks, caches and allocators have settled, and a call's time is known."""


def run(request: Request) -> dict[str, Any]:
    """The answer. Raises MachineError or UsageError, in one line, where the case cannot run here."""
    from opbench import catalog

    set_up(request.case.point.device, request.threads)
    operator = catalog.operator(request.case.point.operator)
    backend = _admitted(operator, request.case)
    launch, answer = _prepared(operator, backend, request.case)
    if request.region == "trace":
        return answer | recording.record(launch, request)
    seconds = calling.warm_up(launch, request.case.point.device, WARM_S)
    calls = request.calls or max(1, round(request.fill_s / seconds))
    with _region(request):
        calling.call(launch, calls, request.case.point.device)
    return answer | {"calls": calls}


def _admitted(operator: Operator, case: Case) -> Backend:
    from opbench import catalog
    from opbench.memory import shortage
    from opbench.record import Unavailable

    found = catalog.backend(operator.name, case.backend)
    if isinstance(found, Unavailable):
        raise MachineError(f"{case.backend}: {found.reason}")
    if case.point.dtype not in operator.tolerances:
        raise UsageError(f"{operator.name} takes {', '.join(operator.tolerances)}, not {case.point.dtype}")
    if reason := found.refusal(case.point) or shortage(case.point, operator.work(case.point), 1):
        raise MachineError(f"{case.backend}: {reason}")
    if found.simulated(case.point.device):
        raise MachineError(f"{case.backend}: simulated ({found.simulator}); there is nothing to count or time")
    return found


def _prepared(operator: Operator, backend: Backend, case: Case) -> tuple[Launch, dict[str, Any]]:
    """The launch after its first call, and what both took; compilers that are lazy work during the first call."""
    import torch

    inputs = operator.inputs(case.point)
    out = None
    if case.point.mode == "out":
        shape = operator.reference(case.point, inputs).shape
        out = torch.empty(shape, dtype=getattr(torch, case.point.dtype), device=case.point.device)
    calling.synchronize(case.point.device)
    with Imports() as imports:
        start = perf_counter()
        launch = backend.prepare(case.point, inputs, out, case.backend.partition(":")[2])
        calling.synchronize(case.point.device)
        prepared, imported = perf_counter() - start, imports.seconds
        calling.call(launch, 1, case.point.device)
        called = perf_counter() - start - prepared
    later = imports.seconds - imported
    return launch, {"prepare_s": prepared - imported, "first_call_s": called - later, "import_s": imports.seconds}


def _region(request: Request) -> AbstractContextManager[None]:
    if request.region == "perf":
        return _perf(request)
    return _cuda(range_name(request.case)) if request.region == "cuda" else nullcontext()


@contextmanager
def _perf(request: Request) -> Iterator[None]:
    """Counters on from here to the end of the block, by perf's own control pipe."""
    with (
        (request.folder / "control").open("wb", buffering=0) as control,
        (request.folder / "ack").open("rb", buffering=0) as ack,
    ):
        _tell(control, ack, b"enable\n")
        yield
        _tell(control, ack, b"disable\n")


def _tell(control: BinaryIO, ack: BinaryIO, word: bytes) -> None:
    control.write(word)
    if b"ack" not in (said := ack.read(16)):
        raise MachineError(f"perf answered {said!r} to {word!r}; expected ack: this perf is older than 5.11")


@contextmanager
def _cuda(name: str) -> Iterator[None]:
    import torch

    device: Any = torch.cuda
    runtime = device.cudart()
    started = device.nvtx.range_start(name)  # of all threads: autograd launches from one of its own
    runtime.cudaProfilerStart()
    yield
    device.synchronize()
    runtime.cudaProfilerStop()
    device.nvtx.range_end(started)


def _told(exc: Exception) -> str:
    """In one line: a compiler that failed says why below its first one."""
    lines = [line.strip() for line in str(exc).splitlines() if line.strip()] or ["no reason"]
    why = next((line for line in lines[1:] if "error:" in line), "")
    return ": ".join(filter(None, (type(exc).__name__, lines[0], why)))


def main(text: str) -> int:
    """Answers the request; the exit code is 0, or an error's own."""
    request = request_from_json(sys.stdin.read() if text == "-" else text)
    code = 0
    try:
        answer = run(request)
    except OpbenchError as exc:
        answer, code = {"error": str(exc)}, exc.exit_code
    except Exception as exc:  # noqa: BLE001  (a backend's own failure is the answer, and not this process's)
        answer, code = {"error": f"{request.case.backend}: {_told(exc)}"}, MachineError.exit_code
    request.answer.write_text(json.dumps(answer), encoding="utf-8")
    return code


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1]))
