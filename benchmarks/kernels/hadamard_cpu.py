"""The C++ Hadamard transform on a CPU, against every form of PyTorch's own and against copying memory.

    python -m benchmarks.kernels.hadamard_cpu [THREADS ...]        (1 and 2 where none is named; about 4 minutes each)

Rows of 64 MiB in all, more than the caches of two cores hold, into an output that is given. All forms take turns, call
by call, in one process and in an order drawn anew every round; a ratio is of two calls of one round, so that foreign
load falls on both. Shown are its median and quartiles over the rounds. What is wrong has no figure.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable, Mapping
from statistics import median, quantiles

from benchmarks.pinned import run_pinned

SIZES = (256, 512, 1024, 2048, 4096)
ELEMENTS = 16 << 20
ROUNDS = 21
OURS, COPY = "cpp_ext", "copy"
FORMS = ("torch_factors", "torch_matmul", "torch_compile", "torch_eager", "hadamard_transform_pypi")

Launches = Mapping[str, Callable[[], object]]


def launches(size: int) -> dict[str, Callable[[], object]]:
    """By name, calls on the same x (ELEMENTS / size, size), each checked against the reference on its first rows."""
    import torch

    from opbench import Axes, Backend, Point, catalog
    from opbench.measure.compare import compare

    operator = catalog.operator("hadamard_transform")
    axes = operator.complete(Axes({"rows": ELEMENTS // size, "size": size}))
    point = Point(operator.name, axes, "float32", "cpu", "out", "wall")
    inputs = operator.inputs(point)
    x, out = inputs["x"], torch.empty_like(inputs["x"])
    want = operator.reference(point, {"x": x[:64]})
    found: dict[str, Callable[[], object]] = {COPY: lambda: out.copy_(x)}
    for name in (OURS, *FORMS):
        backend = catalog.backend(operator.name, name)
        if not isinstance(backend, Backend) or (reason := backend.refusal(point)):
            print(f"{name}: {backend.reason if not isinstance(backend, Backend) else reason}", flush=True)
            continue
        launch = backend.prepare(point, inputs, out.fill_(float("nan")), "")
        check = compare(out[:64], want, operator.tolerance(point), torch.float32)
        if check.passed and not out.isnan().any():
            found[name] = launch
        else:
            print(f"{name} at {size}: wrong: {check.detail}", flush=True)
    return found


def rounds(made: Launches, count: int = ROUNDS) -> dict[str, list[float]]:
    """Seconds of one call of each, by name, round by round; the first round is not kept."""
    names = list(made)
    order = random.Random(0)  # noqa: S311  (an order of calls is no secret)
    seconds: dict[str, list[float]] = {name: [] for name in names}
    for number in range(count + 1):
        order.shuffle(names)
        for name in names:
            start = time.perf_counter()
            made[name]()
            if number:
                seconds[name].append(time.perf_counter() - start)
    return seconds


def ratio(over: list[float], under: list[float]) -> tuple[float, float, float]:
    """Lower quartile, median and upper quartile of over / under, pair by pair."""
    each = [one / other for one, other in zip(over, under, strict=True)]
    low, _, high = quantiles(each)
    return low, median(each), high


def row(size: int, seconds: Mapping[str, list[float]]) -> str:
    ours = seconds[OURS]
    rate = 2 * 4 * ELEMENTS / median(ours) / 1e9
    low, mid, high = ratio(seconds[COPY], ours)
    forms = {name: ratio(seconds[name], ours) for name in FORMS if name in seconds}
    best = min(forms, key=lambda name: forms[name][1])
    told = ", ".join(f"{name} {one[1]:.1f} [{one[0]:.1f}, {one[2]:.1f}]" for name, one in forms.items())
    return (
        f"{size:5}: {rate:5.1f} GB/s, {mid:4.0%} [{low:.0%}, {high:.0%}] of the copy; "
        f"{forms[best][1]:.1f} times as fast as {best}; all: {told}"
    )


def main() -> None:
    import torch

    torch.set_grad_enabled(False)
    for threads in map(int, sys.argv[1:] or ("1", "2")):
        torch.set_num_threads(threads)
        print(f"\n{threads} threads, torch {torch.__version__}, float32, 64 MiB of rows; [quartiles]", flush=True)
        for size in SIZES:
            print(row(size, rounds(launches(size))), flush=True)


if __name__ == "__main__":
    run_pinned("benchmarks.kernels.hadamard_cpu", main)
