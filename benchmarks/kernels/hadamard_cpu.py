"""The C++ Hadamard transform on a CPU, against every form of PyTorch's own and against copying memory.

    python -m benchmarks.kernels.hadamard_cpu [THREADS ...]        (1 and 2 where none is named; about 4 minutes each)
    python -m benchmarks.kernels.hadamard_cpu 1 --dtype bfloat16 --forms torch_factors
    python -m benchmarks.kernels.hadamard_cpu 1 --sizes 768,3584   (orders 12 and 28)
    python -m benchmarks.kernels.hadamard_cpu 1 --processor        (beside other work)

Rows of 64 MiB in all, more than the caches of two cores hold, into an output that is given. All forms take turns, call
by call, in one process and in an order drawn anew every round; a ratio is of two calls of one round, so that foreign
load falls on both. Shown are its median and quartiles over the rounds. What is wrong has no figure.

`--processor` counts seconds of the process's processors, which other work lengthens less than the wall's: it shares
memory and the other thread of a core, and takes no turns away. With several threads it is their sum.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Callable, Mapping, Sequence
from statistics import median, quantiles

from benchmarks.pinned import run_pinned

SIZES = (256, 512, 1024, 2048, 4096)
BYTES = 64 << 20
"""Of all rows, about: as many whole rows as there is room for."""
ROUNDS = 21
OURS, COPY = "cpp_ext", "copy"
FORMS = ("torch_factors", "torch_matmul", "torch_compile", "torch_eager", "hadamard_transform_pypi")

Launches = Mapping[str, Callable[[], object]]


def launches(size: int, dtype: str, forms: Sequence[str]) -> dict[str, Callable[[], object]]:
    """By name, calls on the same x (rows, size), BYTES in all, each checked against the reference on its first rows."""
    import torch

    from opbench import Axes, Backend, Point, catalog
    from opbench.measure.compare import compare

    operator = catalog.operator("hadamard_transform")
    kept = getattr(torch, dtype)
    axes = operator.complete(Axes({"rows": BYTES // kept.itemsize // size, "size": size}))
    point = Point(operator.name, axes, dtype, "cpu", "out", "wall")
    inputs = operator.inputs(point)
    x, out = inputs["x"], torch.empty_like(inputs["x"])
    want = operator.reference(point, {"x": x[:64]})
    found: dict[str, Callable[[], object]] = {COPY: lambda: out.copy_(x)}
    for name in (OURS, *forms):
        backend = catalog.backend(operator.name, name)
        if not isinstance(backend, Backend) or (reason := backend.refusal(point)):
            print(f"{name}: {backend.reason if not isinstance(backend, Backend) else reason}", flush=True)
            continue
        launch = backend.prepare(point, inputs, out.fill_(float("nan")), "")
        check = compare(out[:64], want, operator.tolerance(point), kept)
        if check.passed and not out.isnan().any():
            found[name] = launch
        else:
            print(f"{name} at {size}: wrong: {check.detail}", flush=True)
    return found


def rounds(
    made: Launches, count: int = ROUNDS, clock: Callable[[], float] = time.perf_counter
) -> dict[str, list[float]]:
    """Seconds of one call of each, by name, round by round; the first round is not kept."""
    names = list(made)
    order = random.Random(0)  # noqa: S311  (an order of calls is no secret)
    seconds: dict[str, list[float]] = {name: [] for name in names}
    for number in range(count + 1):
        order.shuffle(names)
        for name in names:
            start = clock()
            made[name]()
            if number:
                seconds[name].append(clock() - start)
    return seconds


def ratio(over: list[float], under: list[float]) -> tuple[float, float, float]:
    """Lower quartile, median and upper quartile of over / under, pair by pair."""
    each = [one / other for one, other in zip(over, under, strict=True)]
    low, _, high = quantiles(each)
    return low, median(each), high


def row(size: int, seconds: Mapping[str, list[float]]) -> str:
    """One line; `-` where ours was refused or is wrong, since every figure is a ratio to it."""
    if OURS not in seconds:
        return f"{size:5}: -"
    ours = seconds[OURS]
    rate = 2 * BYTES / median(ours) / 1e9
    low, mid, high = ratio(seconds[COPY], ours)
    forms = {name: ratio(seconds[name], ours) for name in FORMS if name in seconds}
    told = ", ".join(f"{name} {one[1]:.1f} [{one[0]:.1f}, {one[2]:.1f}]" for name, one in forms.items())
    return f"{size:5}: {rate:5.1f} GB/s, {mid:4.0%} [{low:.0%}, {high:.0%}] of the copy; times as fast as {told or '-'}"


def numbers(text: str) -> tuple[int, ...]:
    return tuple(map(int, text.split(",")))


def main() -> None:
    import torch

    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.kernels.hadamard_cpu", description=__doc__.split("\n")[0]
    )
    parser.add_argument("threads", nargs="*", type=int, default=[1, 2])
    parser.add_argument("--sizes", type=numbers, default=SIZES, help="comma-separated")
    parser.add_argument("--dtype", default="float32", choices=("float32", "float16", "bfloat16", "float64"))
    parser.add_argument("--forms", type=lambda text: text.split(","), default=FORMS, help="comma-separated backends")
    parser.add_argument("--processor", action="store_true", help="seconds of the process's processors, not of the wall")
    given = parser.parse_args()
    clock = time.process_time if given.processor else time.perf_counter
    torch.set_grad_enabled(False)
    for threads in given.threads:
        torch.set_num_threads(threads)
        print(f"\n{threads} threads, torch {torch.__version__}, {given.dtype}, 64 MiB of rows; [quartiles]", flush=True)
        for size in given.sizes:
            print(row(size, rounds(launches(size, given.dtype, given.forms), clock=clock)), flush=True)


if __name__ == "__main__":
    run_pinned("benchmarks.kernels.hadamard_cpu", main)
