"""The loop: warm every launch up, then interleave their samples until all of them may stop.

Launches of one point take turns, in an order drawn anew every round. A burst of foreign load, a change of clock
frequency or a slow drift then falls on all of them alike instead of on whoever happened to run. They also stop
together: one that stopped early would be compared over a quieter stretch than its neighbours.

A sample during which one of our threads stood in line for a processor measures who was before it in that line. Such
samples are counted, set aside and taken again.
"""

from __future__ import annotations

import gc
import math
import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import perf_counter
from typing import Protocol

from opbench.measure.timing.clock import Clock, Timer
from opbench.measure.timing.led import LedTimer
from opbench.measure.timing.stopping import FEWEST, Stopping
from opbench.vocabulary.backend import Launch

WARMUP_S = 0.2
"""Most seconds of warm-up per launch; steadiness usually ends it earlier."""

PREEMPTED = 0.01
"""A sample is set aside when our threads stood in line for more than this share of it, all of them together; of one
that is led, of what is timed. Shares in between are rare: with 0, 1 and 2 busy loops on two cores, 0.0005 and 0.1 set
the same samples aside within 2 %."""

CONTENDED = "contended"
"""Why sampling stopped where patience ended before there were so many."""

STEADY = 0.05
"""Warm-up ends when a sample's time is within 5 % of the best of the three before it."""


@dataclass
class Samples:
    """What the loop learned of one launch.

    samples_s: seconds per call, in the order taken, of the samples that were not preempted. warmup_s, sampling_s: wall
    time spent, which on a device clock is longer than what was timed (flushes, delays, synchronisation). preempted,
    preempted_s: samples that were set aside, and the wall time spent on them.
    """

    calls: int = 1
    warmup_calls: int = 0
    warmup_s: float = 0.0
    sampling_s: float = 0.0
    preempted: int = 0
    preempted_s: float = 0.0
    page_faults: int = 0
    stopped: str = ""
    samples_s: list[float] = field(default_factory=list)


class Audit(Protocol):
    """Looks at what is timed, see `opbench.measure.audit`: told of every round and sample, outside the timed region.

    glance: after every sample, those that warm up too. What it raises ends the measurement.
    """

    def glance(self) -> None: ...

    def begin(self, last: bool = False) -> None: ...

    def calls(self, calls: int) -> int: ...

    def keep_output(self, label: str, timer: Timer) -> None: ...

    def end(self) -> None: ...

    def wanting(self) -> bool: ...


Observe = Callable[[str, str, Samples], None]
"""Told (phase, name, samples so far) before a launch runs; phase is `warm-up` or `sampling`."""


def measure(
    launches: Mapping[str, Launch],
    clock: Clock,
    stopping: Callable[[], Stopping],
    *,
    seed: int = 0,
    observe: Observe = lambda *_: None,
    page_faults: Callable[[], int] = lambda: 0,
    delay: Callable[[], float] = lambda: 0.0,
    relieve: Callable[[], None] = lambda: None,
    patience_s: float = math.inf,
    audit: Audit | None = None,
    now: Callable[[], float] = perf_counter,
) -> dict[str, Samples]:
    """Sample all launches with one clock, each under a stopping rule of its own.

    observe(phase, name, so_far) is called before every sample, outside the timed region. page_faults() reads the
    process's counter of minor faults, delay() the seconds that its threads have stood in line so far, and relieve()
    does what can be done where they do. A launch whose preempted samples took longer than `patience_s` ends with what
    it has, as `contended` where that is no figure. Whatever a launch or the clock raises passes through; `observe` then
    says which launch was at fault.
    """
    found = {name: Samples() for name in launches}
    watch = _Watch(now, delay, page_faults, relieve, (lambda: None) if audit is None else audit.glance)
    timers: dict[str, Timer] = {}
    for name, launch in launches.items():
        observe("warm-up", name, found[name])
        timers[name] = clock.timer(launch)
        _warm_up(timers[name], clock, found[name], watch)
    rules = {name: stopping() for name in launches}
    order = list(launches)
    shuffle = random.Random(seed).shuffle  # noqa: S311  (an order of turns, not a secret)

    def one_round(last: bool = False) -> None:
        if audit is not None:
            audit.begin(last)
        for name in order:
            observe("sampling", name, found[name])
            calls = found[name].calls if audit is None else audit.calls(found[name].calls)
            _sample(timers[name], calls, found[name], watch)
            if audit is not None:
                audit.keep_output(name, timers[name])
        if audit is not None:
            audit.end()

    with no_garbage_collection():
        while order and not all(found[name].stopped for name in order):
            shuffle(order)
            one_round()
            going = {name: found[name] for name in order}
            _ask(rules, going, patience_s, last=False)
            if all(one.stopped for one in going.values()):
                _ask(rules, going, patience_s, last=True)
            # One that lost its patience would go on for a time slice a call while the others need their budgets.
            order[:] = [name for name in order if not found[name].stopped or found[name].preempted_s <= patience_s]
        order[:] = [name for name in launches if found[name].stopped != CONTENDED]
        while order and audit is not None and audit.wanting():
            one_round(last=True)
    return found


def _ask(rules: Mapping[str, Stopping], found: Mapping[str, Samples], patience_s: float, *, last: bool) -> None:
    """Let each rule say whether its launch may stop, on all of its samples; what it said before does not count.

    Launches go on together, so they share their budgets: a quick one that is noisy may not make a slow one run
    many times its own.
    """
    mean_s = sum(one.sampling_s for one in found.values()) / len(found)
    for name, samples in found.items():
        spent_s = max(samples.sampling_s, mean_s)
        impatient = samples.preempted_s > patience_s
        if impatient:
            spent_s += samples.preempted_s
        samples.stopped = rules[name].reason(samples.samples_s, spent_s, last=last) or ""
        if impatient and len(samples.samples_s) < FEWEST:
            samples.stopped = CONTENDED


@dataclass(frozen=True)
class _Watch:
    """What is read around a sample."""

    now: Callable[[], float]
    delay: Callable[[], float]
    page_faults: Callable[[], int]
    relieve: Callable[[], None]
    glance: Callable[[], None]


def _timed(timer: Timer, calls: int, watch: _Watch) -> tuple[float, float, bool]:
    """Seconds a call and wall seconds of one sample, and whether our threads stood in line during it.

    A leading call is no part of the figure and of no interest there: it is what takes the processors back from threads
    that the launch before left spinning. Of a detector in ONNX Runtime after one in PyTorch, two threads on two cores
    that nobody else had, it waited 6.9 ms of 15, in every sample, and the call behind it 0.00 ms of 12.
    """
    lead_s = 0.0
    if isinstance(timer, LedTimer):
        start = watch.now()
        timer.lead()
        lead_s = watch.now() - start
    waited_s, start = watch.delay(), watch.now()
    seconds = timer(calls)
    took_s = watch.now() - start
    watch.glance()
    preempted = watch.delay() - waited_s > PREEMPTED * took_s
    if preempted:
        watch.relieve()
    return seconds, lead_s + took_s, preempted


def _sample(timer: Timer, calls: int, into: Samples, watch: _Watch) -> None:
    faults = watch.page_faults()
    seconds, took_s, preempted = _timed(timer, calls, watch)
    if calls != into.calls:  # only looked at: of so few calls the timer itself would show
        return
    if preempted:
        into.preempted += 1
        into.preempted_s += took_s
        return
    into.sampling_s += took_s
    into.page_faults += watch.page_faults() - faults
    into.samples_s.append(seconds)


def _warm_up(timer: Timer, clock: Clock, into: Samples, watch: _Watch) -> None:
    """Run until one sample is long enough and samples have become steady, or WARMUP_S is spent.

    A preempted sample says nothing of either, so where some are, it may take three times as long.
    """
    recent: list[float] = []
    most_s = math.inf
    start = watch.now()
    while into.warmup_s < WARMUP_S or (len(recent) < 2 and into.warmup_s < most_s):
        seconds, _, preempted = _timed(timer, into.calls, watch)
        into.warmup_calls += into.calls
        into.warmup_s = watch.now() - start
        if preempted:
            most_s = 3 * WARMUP_S
            continue
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
