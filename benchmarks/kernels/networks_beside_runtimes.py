"""The networks prepared by us beside what a user would otherwise serve them by, each runtime alone while it is timed.

    python -m benchmarks.kernels.networks_beside_runtimes [hadaptive_s ...] [--threads 1,2] [--rounds 12] [--processor]
    python -m benchmarks.kernels.networks_beside_runtimes all --without eager --rounds 6
    python -m benchmarks.kernels.networks_beside_runtimes all --check

Any whole model may be named, `zoo` is the comparison models, `all` these and the Hadaptive-Nets. `--check` holds every
runtime's scores against float64's and times nothing. `--processor` counts the process's seconds on a processor instead
of the wall's: beside other work, with one thread.

Batch 1, 224x224, float32. Every runtime is a process of its own, started with the thread count in its environment and
bound to as many processors as it has threads, before any library is imported: a pool that counts processors then has
as many threads, and with one thread no runtime's helpers can take another processor. Each first computes the
operator's own image, which is held against float64's scores; who is off by more than 1e-4 of the largest is not timed.
Then they take turns in an order drawn anew every round. Whoever has no turn is stopped (SIGSTOP), because threads that
spin in one process slow the other down by up to two times.

A figure is the median of a round's calls; intervals are over rounds, ratios of rounds that were measured side by side.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from time import perf_counter, process_time
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.kernels.network_runtimes import RUNTIMES, runtimes_of
from benchmarks.pinned import run_pinned

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

NETWORKS = ("hadaptive_s", "hadaptive_m", "hadaptive_l")
OURS, WITH_OPERATORS = ("fused", "ort_fused"), ("cpp_ext", "ort_custom")
ROUND_S, WARM_S = 0.5, 1.5
NEAR = 1e-4
"""Of the largest score: how far a runtime's may be from float64's, most of which is the network's own rounding."""

RESAMPLES = 4000


@dataclass
class Runtime:
    """A process that answers `warm` and `round`, stopped while it has no turn."""

    name: str
    process: Any
    pipe: Connection

    def ask(self, what: str) -> Any:
        """Its answer to one request; it runs only meanwhile."""
        os.kill(self.process.pid, signal.SIGCONT)
        self.pipe.send(what)
        answer = self.pipe.recv()
        os.kill(self.process.pid, signal.SIGSTOP)
        return answer

    def end(self) -> None:
        if self.process.is_alive():
            os.kill(self.process.pid, signal.SIGCONT)
            self.process.kill()
        self.process.join()


def serve(pipe: Connection, name: str, network: str, threads: int, *, processor: bool) -> None:
    """The runtime's process: prepares, then answers with its output or a round's seconds per call."""
    try:
        call = RUNTIMES[name](network, threads)
        pipe.send(np.array(call()))
    except Exception as exc:  # noqa: BLE001  (told to whoever asked, who goes on without it)
        pipe.send(f"{type(exc).__name__}: {str(exc).splitlines()[0] if str(exc) else ''}")
        return
    now = process_time if processor else perf_counter
    while True:
        length_s = WARM_S if pipe.recv() == "warm" else ROUND_S  # the clock goes on while it waits for its turn
        samples, until = list[float](), now() + length_s
        while now() < until:
            start = now()
            call()
            samples.append(now() - start)
        pipe.send(float(np.median(samples)))


@contextmanager
def started(name: str, network: str, threads: int, *, processor: bool) -> Iterator[Runtime]:
    """The runtime's process, bound to its processors from its first instruction on."""
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=serve, args=(theirs, name, network, threads), kwargs={"processor": processor})
    before = os.sched_getaffinity(0)
    # The last ones: the first processor has the machine's interrupts.
    os.sched_setaffinity(0, sorted(before)[-threads:])
    os.environ["OMP_NUM_THREADS"] = str(threads)
    try:
        process.start()  # it inherits both
    finally:
        os.sched_setaffinity(0, before)
    runtime = Runtime(name, process, ours)
    try:
        yield runtime
    finally:
        runtime.end()


def reference(network: str) -> np.ndarray[Any, Any]:
    """Scores in float64, by the definition."""
    from opbench import Point, catalog

    operator = catalog.operator(network)
    point = Point(network, operator.complete({"edge": 224, "batch": 1}))
    return operator.reference(point, operator.inputs(point)).numpy()


def agreeing(network: str, runtimes: Sequence[Runtime], want: np.ndarray[Any, Any]) -> list[Runtime]:
    """Those whose scores are right; what is wrong with the others is said."""
    right = []
    for runtime in runtimes:
        answer, who = runtime.pipe.recv(), f"{network:22} {runtime.name:12}"
        os.kill(runtime.process.pid, signal.SIGSTOP)
        if isinstance(answer, str):
            print(f"{who} is not measured: {answer}", flush=True)
            continue
        off = float(np.abs(answer - want).max() / np.abs(want).max())
        print(f"{who} is {off:.1e} of the largest score off", flush=True)
        if off <= NEAR:
            right.append(runtime)
        else:
            print(f"{who} is not measured: {off:.1e} of the largest score off", flush=True)
    return right


def measured(
    network: str, threads: int, names: Sequence[str], rounds: int, *, processor: bool = False
) -> Mapping[str, np.ndarray[Any, Any]]:
    """Median seconds of a call in every round, by runtime; without rounds only the scores are looked at."""
    random, want = np.random.default_rng(0), reference(network)
    with ExitStack() as running:
        alive: list[Runtime] = []
        for name in names:  # one prepares after another: compiling beside another's check would only slow both
            runtime = running.enter_context(started(name, network, threads, processor=processor))
            alive += agreeing(network, [runtime], want)
        if not rounds:
            return {}
        for runtime in alive:
            runtime.ask("warm")
        samples: dict[str, list[float]] = {runtime.name: [] for runtime in alive}
        for _ in range(rounds):
            for at in random.permutation(len(alive)):
                samples[alive[at].name].append(alive[at].ask("round"))
    return {name: np.asarray(one) for name, one in samples.items()}


def ratio(other: np.ndarray[Any, Any], ours: np.ndarray[Any, Any]) -> str:
    """other over ours with its 95 % interval: a bootstrap over rounds, in which both were measured."""
    draws = np.random.default_rng(0).integers(0, len(ours), (RESAMPLES, len(ours)))
    low, high = np.quantile(np.median(other[draws], axis=1) / np.median(ours[draws], axis=1), (0.025, 0.975))
    return f"{np.median(other) / np.median(ours):.3f}x [{low:.3f}, {high:.3f}]"


def tell(network: str, threads: int, samples: Mapping[str, np.ndarray[Any, Any]]) -> None:
    """A line a runtime: milliseconds, and how many times as long as each of ours it takes, or as the quickest where
    there is none of ours.
    """
    quickest = sorted(samples, key=lambda name: float(np.median(samples[name])))[:1]
    ours = [name for name in OURS if name in samples] or quickest
    for name, seconds in samples.items():
        ratios = "   ".join(ratio(seconds, samples[one]) for one in ours if one != name)
        print(f"{network:22} {threads}  {name:12} {np.median(seconds) * 1e3:8.3f} ms   {ratios}", flush=True)
    others = [name for name in samples if name not in (*OURS, *WITH_OPERATORS)]
    if ours != quickest and others:
        best, of_others = (min(group, key=lambda name: float(np.median(samples[name]))) for group in (ours, others))
        found = ratio(samples[of_others], samples[best])
        print(f"{network:22} {threads}  the fastest without us, {of_others}, over ours, {best}: {found}", flush=True)


def asked(words: Sequence[str]) -> list[str]:
    """The networks that are meant by the words of the command line; none are the Hadaptive-Nets."""
    from impls.zoo.models import MODELS

    groups = {"zoo": [*MODELS], "all": [*NETWORKS, *MODELS]}
    return [name for word in words or NETWORKS for name in groups.get(word, [word])]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument(
        "networks", nargs="*", default=[], metavar="NETWORK", help=f"such as {', '.join(NETWORKS)}; zoo, all"
    )
    parser.add_argument("--threads", default="1,2", help="counts, such as 1,2")
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--without", default="", help=f"runtimes to leave out, of {', '.join(RUNTIMES)}")
    parser.add_argument("--check", action="store_true", help="only hold scores against float64's, with one thread")
    parser.add_argument(
        "--processor", action="store_true", help="a processor's seconds, not the wall's: one thread only"
    )
    given = parser.parse_args()
    left_out = given.without.split(",")
    if given.processor and given.threads != "1":
        parser.error("--processor adds up all threads, spinning ones too; give --threads 1 with it")
    if given.check:
        given.threads, given.rounds = "1", 0
    print("batch 1, 224x224, float32; medians, 95 % intervals over rounds; how much longer than " + " and ".join(OURS))
    for network in asked(given.networks):
        for threads in map(int, given.threads.split(",")):
            print(f"[measuring {network}, {threads} thread(s)]", file=sys.stderr, flush=True)
            names = [name for name in runtimes_of(network) if name not in left_out]
            tell(network, threads, measured(network, threads, names, given.rounds, processor=given.processor))


if __name__ == "__main__":
    run_pinned("benchmarks.kernels.networks_beside_runtimes", main)
