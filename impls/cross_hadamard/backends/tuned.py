"""Whatever is quickest at this very shape: every backend and schedule is tried in `prepare`, and the best one launched.

`auto` goes by a table that was measured before, at the nearest shape; this one measures now, and its record keeps what
was tried. On a GPU the configurations that a backend's kernels can be launched with are tried too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from statistics import median
from typing import TYPE_CHECKING

from impls.cross_hadamard.backend_entry import launch_of
from impls.cross_hadamard.kernels import resolve, usable
from opbench import Backend, Figured, Trial, Unavailable, catalog
from opbench.errors import MachineError, describe_exception
from opbench.measure.timing import sampler
from opbench.measure.timing.clocks import DEFAULT, clock_named
from opbench.measure.timing.stopping import Precision

if TYPE_CHECKING:
    from torch import Tensor

    from opbench import Inputs, Launch, Point

BUDGET_S = 0.05
"""Seconds of samples a candidate: enough to tell 5 % apart, and seven candidates take half a second."""

Make = Callable[[], "Launch"]


def prepare(point: Point, inputs: Inputs, out: Tensor | None, _: str) -> Launch:
    """Raises MachineError where nothing can run."""
    ready, failed = _prepared(dict(_candidates(point, inputs, out)))
    if not ready:
        reasons = "; ".join(f"{trial.configuration}: {trial.reason}" for trial in failed)
        raise MachineError(f"nothing runs here: {reasons}")
    times = _timed(point, ready)
    trials = tuple(Trial(name, times[name]) for name in ready)
    return Figured(ready[min(times, key=times.__getitem__)], trials=(*trials, *failed))


def _candidates(point: Point, inputs: Inputs, out: Tensor | None) -> Iterator[tuple[str, Make]]:
    """All but those that compile for seconds at every shape: what that brings, they show alone."""
    for name in usable(point.device):
        backend = catalog.backend(point.operator, name)
        if isinstance(backend, Unavailable) or backend.compiles_each_point or backend.refusal(point):
            continue
        for schedule in backend.schedules or ("",):
            label = f"{name}:{schedule}" if schedule else name
            yield label, partial(launch_of(name), point, inputs, out, schedule)
    if point.device == "cuda" and point.operator == "cross_hadamard" and point.mode == "forward":
        for name in usable("cuda"):
            yield from _configurations(name, inputs)


def _configurations(name: str, inputs: Inputs) -> Iterator[tuple[str, Make]]:
    """Those of the backend besides what its kernels choose by rule."""
    configurations = resolve(name, "cuda")[0].configurations
    if configurations is not None:
        for label, launch in configurations(inputs["x"], inputs.get("index")):
            yield f"{name}:{label}", partial(_as_it_is, launch)


def _as_it_is(launch: Launch) -> Launch:
    return launch


def _prepared(candidates: dict[str, Make]) -> tuple[dict[str, Launch], list[Trial]]:
    """Those that compile and run once, and those that do not, with their reason."""
    ready, failed = {}, []
    for name, make in candidates.items():
        try:
            launch = make()
            launch()
        except Exception as exc:  # noqa: BLE001  (a configuration that cannot run is a result of tuning)
            failed.append(Trial(name, None, describe_exception(exc)))
        else:
            ready[name] = launch
    return ready, failed


def _timed(point: Point, ready: dict[str, Launch]) -> dict[str, float]:
    """Median seconds per call; candidates take turns, on the clock that the point is measured with."""
    clock = clock_named(DEFAULT[point.device] if point.clock == "none" else point.clock)
    measured = sampler.measure(ready, clock, lambda: Precision(target=0.05, budget_s=BUDGET_S))
    return {name: median(samples.samples_s) for name, samples in measured.items()}


BACKEND = Backend(
    about="the quickest of all others at this very shape, tried one by one",
    prepare=prepare,
    modes=frozenset({"forward", "out", "backward"}),
    kind="choice",
    by_name=True,
)
