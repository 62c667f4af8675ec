"""The loop: warm every launch up, then interleave their samples until all of them may stop.

Launches of one point take turns, in an order drawn anew every round. A burst of foreign load, a change of clock
frequency or a slow drift then falls on all of them alike instead of on whoever happened to run. They also stop
together: one that stopped early would be compared over a quieter stretch than its neighbours.
"""

from __future__ import annotations

import gc
import math
import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import perf_counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from opbench.backend import Launch
    from opbench.timing.clock import Clock, Timer
    from opbench.timing.stopping import Stopping

WARMUP_S = 0.2
"""Most seconds of warm-up per launch; steadiness usually ends it earlier."""

STEADY = 0.05
"""Warm-up ends when a sample's time is within 5 % of the best of the three before it."""


@dataclass
class Samples:
    """What the loop learned of one launch.

    samples_s: seconds per call, in the order taken. warmup_s, sampling_s: wall time spent, which on a device clock
    is longer than what was timed (flushes, delays, synchronisation).
    """

    calls: int = 1
    warmup_calls: int = 0
    warmup_s: float = 0.0
    sampling_s: float = 0.0
    page_faults: int = 0
    stopped: str = ""
    samples_s: list[float] = field(default_factory=list)


Observe = Callable[[str, str, Samples], None]
"""Told (phase, name, samples so far) before a launch runs; phase is `warm-up` or `sampling`."""


def _unobserved(_phase: str, _name: str, _so_far: Samples) -> None:
    return None


def measure(
    launches: Mapping[str, Launch],
    clock: Clock,
    stopping: Callable[[], Stopping],
    *,
    seed: int = 0,
    observe: Observe = _unobserved,
    page_faults: Callable[[], int] = lambda: 0,
    now: Callable[[], float] = perf_counter,
) -> dict[str, Samples]:
    """Sample all launches with one clock, each under a stopping rule of its own.

    observe(phase, name, so_far) is called before every sample, outside the timed region. page_faults() reads the
    process's counter of minor faults. Whatever a launch or the clock raises passes through; `observe` then says
    which launch was at fault.
    """
    found = {name: Samples() for name in launches}
    timers: dict[str, Timer] = {}
    for name, launch in launches.items():
        observe("warm-up", name, found[name])
        timers[name] = clock.timer(launch)
        _warm_up(timers[name], clock, found[name], now)
    rules = {name: stopping() for name in launches}
    order = list(launches)
    shuffle = random.Random(seed).shuffle  # noqa: S311  (an order of turns, not a secret)
    with no_garbage_collection():
        while order and not all(found[name].stopped for name in order):
            shuffle(order)
            for name in order:
                observe("sampling", name, found[name])
                _sample(timers[name], found[name], page_faults, now)
            mean_s = sum(one.sampling_s for one in found.values()) / len(found)
            _ask(rules, found, mean_s, last=False)
            if all(found[name].stopped for name in order):
                _ask(rules, found, mean_s, last=True)
    return found


def _ask(rules: Mapping[str, Stopping], found: Mapping[str, Samples], mean_s: float, *, last: bool) -> None:
    """Let each rule say whether its launch may stop, on all of its samples; what it said before does not count.

    Launches go on together, so they share their budgets: a quick one that is noisy may not make a slow one run
    many times its own.
    """
    for name, samples in found.items():
        spent_s = max(samples.sampling_s, mean_s)
        samples.stopped = rules[name].reason(samples.samples_s, spent_s, last=last) or ""


def _sample(timer: Timer, into: Samples, page_faults: Callable[[], int], now: Callable[[], float]) -> None:
    faults, start = page_faults(), now()
    seconds = timer(into.calls)
    into.sampling_s += now() - start
    into.page_faults += page_faults() - faults
    into.samples_s.append(seconds)


def _warm_up(timer: Timer, clock: Clock, into: Samples, now: Callable[[], float]) -> None:
    """Run until one sample is long enough and samples have become steady, or WARMUP_S is spent."""
    recent: list[float] = []
    start = now()
    while into.warmup_s < WARMUP_S or len(recent) < 2:
        seconds = timer(into.calls)
        into.warmup_calls += into.calls
        into.warmup_s = now() - start
        wanted = min(clock.max_calls, math.ceil(clock.sample_target_s / max(seconds, 1e-9)))
        if wanted > into.calls * 1.5:
            into.calls = min(wanted, into.calls * 16)
            recent.clear()
            continue
        recent.append(seconds)
        if len(recent) > 3 and seconds > (1 - STEADY) * min(recent[-4:-1]):
            break


@contextmanager
def no_garbage_collection() -> Iterator[None]:
    """A full collection first, then none until the end of the block."""
    was_enabled = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
