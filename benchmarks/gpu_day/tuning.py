"""Measures the constants that plans are made with, in turns with what is planned now; suggests, and changes nothing.

`python -m benchmarks.gpu_day.tuning FILE [--device cpu]` appends a line of JSON to FILE for every shape and language
that is done: each candidate's ratio to the plan (below 1 is quicker) with the interval of either median, in seconds. On
a CPU the kernels are simulated, at a shape of a few elements, and the figures mean nothing.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar
from unittest import mock

from opbench import simulation
from opbench.errors import MachineError, describe_exception
from opbench.measure.timing.clocks import clock_for, clock_named
from opbench.measure.timing.sampler import measure
from opbench.measure.timing.stopping import Precision
from opbench.vocabulary.interval import median_interval

if TYPE_CHECKING:
    from torch import Tensor

Launches: TypeAlias = Iterator[tuple[str, Callable[[], "Tensor"]]]

SHAPES = ((64, 64, 28), (8, 64, 56), (256, 64, 7), (1, 128, 28))
"""Batch, channels, edge: large maps, few samples, small odd maps, one sample."""
REHEARSED = ((1, 3, 2),)
FEW = 3
"""Candidates of a language where it is simulated."""
PLANNED = "planned"

T = TypeVar("T")


def with_constants(module: ModuleType, constants: dict[str, Any], launch: Callable[[], T]) -> T:
    """One launch with other values in place of a planning module's, which plans anew at every call."""
    with ExitStack() as stack:
        for name, value in constants.items():
            stack.enter_context(mock.patch.object(module, name, value))
        return launch()


def triton(x: Tensor) -> Launches:
    from impls.cross_hadamard.gpu.triton_kernels import operations, tuning

    out = products(x)
    for schedule in ("blocked", "flat"):
        yield f"{PLANNED} {schedule}", partial(written, operations.forward, x, out, schedule)
    yield from tuning.launches(x, None)


def numba(x: Tensor) -> Launches:
    from impls.cross_hadamard.gpu import numba_kernels
    from impls.cross_hadamard.gpu.numba_kernels import planning

    out, now = products(x), planning.SETTINGS
    runs = {name: partial(written, numba_kernels.forward, x, out, name) for name in ("blocked", "flat")}
    yield from ((f"{PLANNED} {name}", run) for name, run in runs.items())
    changes: list[tuple[str, str, dict[str, Any]]]
    changes = [("blocked", f"tiles {tile}", {"tiles": (tile,)}) for tile in now.tiles]
    changes += [("flat", f"chunk x {factor}", {"chunk": now.chunk * factor}) for factor in (2, 4)]
    changes += [(name, f"threads {2 * now.threads}", {"threads": 2 * now.threads}) for name in runs]
    changes += [("flat", f"pieces {size}", {"pieces": dict.fromkeys((2, 4, 8), size)}) for size in (8, 16)]
    for name, label, change in changes:
        yield f"{name} {label}", partial(with_constants, planning, {"SETTINGS": replace(now, **change)}, runs[name])


def cuda(x: Tensor) -> Launches:
    """launch.h's choices, by way of the same plans in Python and CuPy."""
    from impls.cross_hadamard.gpu import cupy_kernels, launch_plan

    out = products(x)
    runs = {name: partial(written, cupy_kernels.forward, x, out, name) for name in ("blocked", "flat")}
    yield from ((f"{PLANNED} {name}", run) for name, run in runs.items())
    for choice in launch_plan.BLOCKED_CHOICES:
        constants: dict[str, Any] = {"BLOCKED_CHOICES": (choice,)}
        yield f"blocked tile, group {choice}", partial(with_constants, launch_plan, constants, runs["blocked"])
    for resident in (512, 2048):
        yield (
            f"blocked RESIDENT {resident}",
            partial(with_constants, launch_plan, {"RESIDENT": resident}, runs["blocked"]),
        )


LANGUAGES: dict[str, Callable[[Tensor], Launches]] = {"triton": triton, "numba": numba, "cuda": cuda}


def products(x: Tensor) -> Tensor:
    """(B, P, H, W) to write to."""
    n = x.shape[1]
    return x.new_empty(x.shape[0], n * (n - 1) // 2, *x.shape[2:])


def written(forward: Callable[..., None], x: Tensor, out: Tensor, schedule: str) -> Tensor:
    forward(x, None, out, schedule)
    return out


def usable(launches: Launches) -> Iterator[tuple[str, Callable[[], Tensor]]]:
    """Those that run: a tile may need more registers or shared memory than there are."""
    for label, launch in launches:
        try:
            launch()
        except Exception as exc:  # noqa: BLE001  # one that does not compile must not end the others
            print(f"{label}: {describe_exception(exc)}", flush=True)
        else:
            yield label, launch


def suggestion(language: str, shape: tuple[int, int, int], x: Tensor, budget_s: float) -> dict[str, Any]:
    """Every candidate against the quickest that is planned; `better` names those whose intervals lie below it."""
    few = FEW if x.device.type == "cpu" else None
    candidates = dict(islice(usable(LANGUAGES[language](x)), few))
    if not any(label.startswith(PLANNED) for label in candidates):
        raise MachineError("no planned launch runs here, and candidates have nothing to be held against")
    samples = measure(
        candidates, clock_named(clock_for(x.device.type)), lambda: Precision(target=0.01, budget_s=budget_s)
    )
    times = {label: median_interval(one.samples_s) for label, one in samples.items()}
    plan = min((one for label, one in times.items() if label.startswith(PLANNED)), key=lambda one: one.mid)
    rows = [
        {"label": label, "ratio": one.mid / plan.mid, "low_s": one.low, "mid_s": one.mid, "high_s": one.high}
        for label, one in sorted(times.items(), key=lambda pair: pair[1].mid)
    ]
    better = [label for label, one in times.items() if one.high < plan.low]
    return {"language": language, "shape": shape, "better": better, "candidates": rows}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu_day.tuning")
    parser.add_argument("file", type=Path)
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    given = parser.parse_args()
    if given.device == "cpu":
        simulation.switch_on()
        os.environ["TRITON_INTERPRET"] = os.environ["NUMBA_ENABLE_CUDASIM"] = "1"
    import torch

    given.file.parent.mkdir(parents=True, exist_ok=True)
    failed = 0
    for batch, channels, edge in SHAPES if given.device == "cuda" else REHEARSED:
        x = torch.randn(batch, channels, edge, edge, device=given.device)
        for language in LANGUAGES:
            try:
                found = suggestion(language, (batch, channels, edge), x, 0.05 if x.is_cuda else 0.001)
            except Exception as exc:  # noqa: BLE001  # one language must not end the others
                print(f"{language}: {describe_exception(exc)}", flush=True)
                failed += 1
                continue
            with given.file.open("a", encoding="utf-8") as file:
                file.write(json.dumps(found) + "\n")
            print(f"{language} {batch}x{channels}x{edge}: better than planned: {found['better'] or 'none'}", flush=True)
    languages = 1 if given.device == "cpu" else 0  # CuPy has no simulator
    return int(failed > languages)


if __name__ == "__main__":
    raise SystemExit(main())
