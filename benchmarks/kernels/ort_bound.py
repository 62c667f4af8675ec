"""ONNX Runtime with our operator library against the same file without it, and against an operator that costs nothing.

    python -m benchmarks.kernels.ort_bound [hadaptive_s ...]

Batch 1, 224x224, one and two threads, CPU provider. First ACH alone (everything behind its convolution) at every shape
the networks have, then the networks: `stock` computes the file's own functions, `ours` has the library, and `free` one
whose operators return without writing their output. No operator can save more than that, so

    achieved = (stock - ours) / (stock - free)

`filled` is that share for operators that write their output, zeros, and read nothing: no real one can be above it.

They take turns sample by sample in one process, each sample led by an untimed call; intervals are bootstraps over
rounds. Beside it stands the bound as the runtime's own profiler sees it: the share of the stock session's node time
that is spent in the functions' nodes.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.kernels.network_bound import achieved
from benchmarks.pinned import run_pinned

if TYPE_CHECKING:
    from onnx import ModelProto

    from impls.exported.session import Session

NETWORKS = ("hadaptive_s", "hadaptive_m", "hadaptive_l")
STOCK, OURS, FREE, FILLED = "torch_eager", "cpp_ext", "free", "filled"  # the first three as `achieved` calls them
THREADS, BUDGET_S = (1, 2), 10.0
WANTED_RATIO, WANTED_SHARE = 3.0, 0.8


def launch_of(session: Session, values: Mapping[str, Any]) -> Callable[[], Any]:
    """A call with inputs and outputs bound beforehand: what is left of Python is 2.5 us."""
    from impls.exported.session import runtime

    ort = runtime()
    binding = session.runtime.io_binding()
    kept = {name: ort.OrtValue.ortvalue_from_numpy(value) for name, value in values.items()}
    for name, value in kept.items():
        binding.bind_ortvalue_input(name, value)
    outputs = [one.name for one in session.runtime.get_outputs()]
    for name, value in zip(outputs, session.runtime.run(outputs, dict(values)), strict=True):
        kept[f"out {name}"] = ort.OrtValue.ortvalue_from_numpy(value)
        binding.bind_ortvalue_output(name, kept[f"out {name}"])

    def call() -> Any:
        session.runtime.run_with_iobinding(binding)
        return kept

    return call


def sampled(launches: Mapping[str, Callable[[], Any]]) -> dict[str, Sequence[float]]:
    """Seconds per call, round by round."""
    from opbench.measure.timing.sampler import measure
    from opbench.measure.timing.stopping import Precision
    from opbench.measure.timing.wall import LedWallClock

    found = measure(launches, LedWallClock(), lambda: Precision(target=0.002, budget_s=BUDGET_S))
    return {name: samples.samples_s for name, samples in found.items()}


def profiled(model: ModelProto, x: np.ndarray[Any, Any], threads: int) -> float:
    """Share of the stock session's node time in nodes of our functions, by ONNX Runtime's own profiler."""
    import os

    from impls.exported.session import runtime

    ort = runtime()
    with tempfile.TemporaryDirectory() as folder:
        settings = ort.SessionOptions()
        settings.intra_op_num_threads, settings.log_severity_level = threads, 3
        settings.enable_profiling, settings.profile_file_prefix = True, os.path.join(folder, "stock")  # noqa: PTH118
        session = ort.InferenceSession(model.SerializeToString(), settings, providers=["CPUExecutionProvider"])
        for _ in range(60):
            session.run(None, {"x": x})
        events = json.loads(Path(session.end_profiling()).read_text(encoding="utf-8"))
    own = {node.name for node in model.graph.node}
    times = [(one["name"], one["dur"]) for one in events if one.get("cat") == "Node" and "kernel_time" in one["name"]]
    times = times[len(times) // 3 :]  # the first runs allocate
    inside = sum(dur for name, dur in times if name.removesuffix("_kernel_time") not in own and "_inlfunc_" in name)
    return float(inside / sum(dur for _, dur in times))


def achs(network: str) -> list[dict[str, int]]:
    """The ACH operators of a network, each shape once."""
    from impls.network.parts import parts_of

    return [dict(part.axes) for part in parts_of(network, {"batch": 1, "edge": 224, "threads": 0})]


def alone(axes: Mapping[str, int], threads: int) -> dict[str, Sequence[float]]:
    from impls.ach_select_expand.files import single
    from impls.ach_select_expand.operator import OPERATOR, norm_of
    from impls.exported.session import open_model
    from opbench import Point

    point = Point("ach_select_expand", OPERATOR.complete(axes))
    inputs = OPERATOR.inputs(point)
    x = inputs.pop("x")
    model = single(tuple(x.shape), axes["selected"], norm_of(point.axes), inputs, "float32").SerializeToString()
    launches = {
        name: launch_of(open_model(model, "ACH", with_library=name == OURS, threads=threads), {"x": x.numpy()})
        for name in (STOCK, OURS)
    }
    return sampled(launches)


def whole(network: str, threads: int) -> tuple[dict[str, Sequence[float]], float]:
    """Samples of the three, and the profiler's share."""
    import torch

    from impls.exported.cached import exported
    from impls.exported.library import library
    from impls.exported.onnx_file import read
    from impls.exported.session import open_model
    from impls.network.launches import network_of
    from opbench import Point, catalog

    operator = catalog.operator(network)
    point = Point(network, operator.complete({"edge": 224}))
    inputs = operator.inputs(point)
    model = read(exported(network_of(point, inputs, "auto"), network, (1, 3, 224, 224)))
    x = inputs["x"].numpy()
    data = model.SerializeToString()
    libraries: dict[str, bool | Path] = {
        STOCK: False,
        OURS: True,
        FREE: library("OPBENCH_FREE"),
        FILLED: library("OPBENCH_FILLED"),
    }
    sessions = {name: open_model(data, network, with_library=one, threads=threads) for name, one in libraries.items()}
    got, want = (torch.from_numpy(sessions[name](x)) for name in (OURS, STOCK))
    torch.testing.assert_close(got, want, rtol=1e-4, atol=1e-4)
    launches = {name: launch_of(one, {"x": x}) for name, one in sessions.items()}
    return sampled(launches), profiled(model, x, threads)


def ratio(samples: Mapping[str, Sequence[float]], other: str) -> str:
    from opbench.vocabulary.interval import median_interval

    found = median_interval(samples[STOCK]).over(median_interval(samples[other]))
    return f"{found.mid:.3f} [{found.low:.3f}, {found.high:.3f}]"


def tell_alone(threads: int, networks: Sequence[str]) -> None:
    print(f"\nACH alone, {threads} thread(s)      stock us  ours us   stock over ours")
    seen: list[dict[str, int]] = []
    for axes in [one for network in networks for one in achs(network)]:
        if axes in seen:
            continue
        seen.append(axes)
        samples = alone(axes, threads)
        stock, ours = (float(np.median(samples[name])) * 1e6 for name in (STOCK, OURS))
        where = f"C={axes['channels']} {axes['edge']}x{axes['edge']} k={axes['selected']}"
        short = "" if stock / ours >= WANTED_RATIO else f"   BELOW {WANTED_RATIO:g}"
        norm = "BN" if axes["batchnorm"] else "DySoft"
        print(f"{where:20} {norm:7} {stock:8.1f} {ours:8.1f}   {ratio(samples, OURS)}{short}", flush=True)


def tell_whole(threads: int, network: str) -> None:
    samples, share = whole(network, threads)
    stock, ours, free = (float(np.median(samples[name])) * 1e3 for name in (STOCK, OURS, FREE))
    low, mid, high = achieved(samples)
    _, written, _ = achieved({**samples, OURS: samples[FILLED]})
    short = "" if mid >= WANTED_SHARE else f"   BELOW {WANTED_SHARE:.0%}"
    ratios = f"{ratio(samples, OURS)}   {ratio(samples, FREE)}   {1 / (1 - share):.3f}"
    part = f"{mid:4.0%} [{low:.0%}, {high:.0%}] of {len(samples[FREE])} rounds   {written:4.0%}{short}"
    print(f"{network:12} {threads}  {stock:7.3f} {ours:7.3f} {free:7.3f}   {ratios}   {part}", flush=True)


def main() -> None:
    import torch

    from impls.exported.session import runtime
    from opbench.errors import unknown

    asked = sys.argv[1:] or list(NETWORKS)
    for name in asked:
        if name not in NETWORKS:
            raise unknown("operator", name, NETWORKS)
    torch.set_grad_enabled(False)
    print(f"ONNX Runtime {runtime().__version__}, CPU provider, float32, batch 1; medians, 95 % intervals")
    for threads in THREADS:
        tell_alone(threads, asked)
    print(
        "\nthreads          stock    ours    free ms   stock over ours        stock over free        "
        "profiled   achieved                     filled"
    )
    for name in asked:
        for threads in THREADS:
            print(f"[measuring {name}, {threads} thread(s)]", file=sys.stderr, flush=True)
            tell_whole(threads, name)


if __name__ == "__main__":
    run_pinned("benchmarks.kernels.ort_bound", main)
