"""How far the fused bottleneck is ahead of the best of our parts, at every shape of Hadaptive-Net, and from its limit.

    python -m benchmarks.kernels.bottlenecks_cpu [--networks hadaptive_s,...] [--threads 1,2] [--compiled] [--processor]

All of a shape take turns sample by sample in one process, batch 1, float32, the network's image 224x224. Ours is
`cpp_ext` on a channels-last map, as its neighbours in a network hand it over. The parts are convolutions of a library
around our expansion in one call: PyTorch's (`parts`), each BatchNorm by itself or folded, with the channels first or
last, of which the quickest by its median is told; and ONNX Runtime's (`ort_custom`), channels first. `--compiled` has
torch.compile beside them, which compiles for seconds at each shape; it is a column of its own. `node` is ours in ONNX
Runtime (`ort_fused`), channels last.

The limit is what the fused form has to do: its floating-point operations at the rate of multiply-adds in registers
(operator `multiply_add`), or the input, the weights and the output at the rate of a copy within the caches, whichever
takes longer, both in the same turns. The last two columns are the limit over ours, and how far ahead of the quickest of
all the limit itself would be: what no kernel can pass. Intervals are of 95 %.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from benchmarks.kernels.turns import timed
from benchmarks.pinned import run_pinned

if TYPE_CHECKING:
    from torch import Tensor

    from opbench import Axes, Point
    from opbench.vocabulary.interval import Interval

NETWORKS = ("hadaptive_s", "hadaptive_m", "hadaptive_l")
LAYOUTS = ("channels_last", "channels_first")
OURS, NODE, COMPILED, ADDS, COPY = "ours", "ort_fused", "torch_compile", "multiply_add", "copy"
PARTS, RUNTIME = ("parts:unfolded", "parts:folded"), "ort_custom"
RIVALS = {"PyTorch": PARTS, "ONNX Runtime": (RUNTIME,), COMPILED: (COMPILED,)}
"""What ours is held against, and how its labels begin."""
COPIED = 1 << 20
"""Bytes: within the second level of the caches, as these maps are."""
LEAST, WANTED = 1.0, 1.5


def points(networks: list[str], threads: int) -> Iterator[Point]:
    """Each shape of these networks once."""
    from impls.bottlenecks.networks import bottlenecks_of
    from opbench import Point

    parts = [part for name in networks for part in bottlenecks_of(name, {"batch": 1, "edge": 224, "threads": threads})]
    for operator, axes in dict.fromkeys((part.operator, part.axes) for part in parts):
        yield Point(operator, axes)


def launches(point: Point, *, with_compiled: bool) -> dict[str, Callable[[], Tensor]]:
    """By name, calls on inputs of the same values; the limits' two beside them."""
    import torch

    from opbench import catalog

    described, made = catalog.operator(point.operator), {}
    wanted = [(OURS, "cpp_ext", LAYOUTS[0]), (NODE, NODE, LAYOUTS[0])]
    wanted += [(f"{name} {layout}", name, layout) for name in PARTS for layout in LAYOUTS]
    wanted += [(RUNTIME, RUNTIME, LAYOUTS[1])]
    wanted += [(f"{COMPILED} {layout}", COMPILED, layout) for layout in LAYOUTS if with_compiled]
    for label, name, layout in wanted:
        at = replace(point, axes=described.complete({**point.axes, "layout": layout}))
        made[label] = prepared(at, name)
    made[ADDS] = prepared(adds(), "cpp_ext")
    source, target = torch.ones(COPIED // 4), torch.empty(COPIED // 4)
    made[COPY] = lambda: target.copy_(source)
    return made


def prepared(point: Point, name: str) -> Callable[[], Tensor]:
    """The launch of a backend, which may carry a schedule. Raises MachineError where it cannot run here."""
    from opbench import Backend, catalog
    from opbench.errors import MachineError

    backend = catalog.backend(point.operator, name)
    reason = backend.refusal(point) if isinstance(backend, Backend) else backend.reason
    if reason is not None or not isinstance(backend, Backend):
        raise MachineError(f"{name} cannot run here: {reason}")
    return backend.prepare(point, catalog.operator(point.operator).inputs(point), None, name.partition(":")[2])


def adds() -> Point:
    """Chains of multiply-adds in registers."""
    from opbench import Point, catalog

    return Point(ADDS, catalog.operator(ADDS).complete({}))


def limit(point: Point, seconds: dict[str, Interval]) -> tuple[float, str]:
    """The least seconds that the fused form can take, and whether arithmetic (`flops`) or memory (`bytes`) says so."""
    from opbench import catalog

    work = catalog.operator(point.operator).work(point)
    arithmetic = work.flops * seconds[ADDS].mid / catalog.operator(ADDS).work(adds()).flops
    memory = work.moved_bytes * seconds[COPY].mid / (2 * COPIED)
    return max((arithmetic, "flops"), (memory, "bytes"))


def label_of(axes: Axes) -> str:
    """`128>128 14x14 k5s1 ...`."""
    own = f"ratio {axes['ratio']:g}" if "ratio" in axes else f"k {axes['selected']}{' bn' if axes['batchnorm'] else ''}"
    sizes = f"{axes['channels']}>{axes['out_channels']} {axes['edge']}x{axes['edge']}"
    return f"{sizes} {axes['kernel']}/{axes['stride']} {own}"


def row(point: Point, *, with_compiled: bool, processor: bool) -> dict[str, float]:
    """Prints one line; the ratios by what is held against ours."""
    seconds = dict(timed(launches(point, with_compiled=with_compiled), processor=processor))
    ours, (least, by) = seconds[OURS], limit(point, seconds)
    found = {}
    columns = f"{ours.mid * 1e6:9.1f}  {seconds[NODE].mid / ours.mid:4.2f}"
    for name, labels in RIVALS.items():
        there = {label: one for label, one in seconds.items() if label.startswith(labels)}
        if there:
            best = min(there, key=lambda label: there[label].mid)
            ratio = there[best].over(ours)
            found[name] = ratio.mid
            columns += f"  {ratio.mid:5.2f} [{ratio.low:5.2f}, {ratio.high:5.2f}] {best.removeprefix('parts:'):24}"
    low = "" if min(found.values()) >= LEAST else f"   BELOW {LEAST}"
    share = f"{least / ours.mid:5.0%} {by} {min(found.values()) * ours.mid / least:5.2f}"
    print(f"{point.operator.partition('_')[0]:5} {label_of(point.axes):31}{columns}{share}{low}", flush=True)
    return found


def table(networks: list[str], threads: int, *, with_compiled: bool, processor: bool) -> None:
    from opbench.vocabulary.interval import geometric_mean

    print(f"\n{threads} thread{'s' * (threads > 1)}\n{'':39}ours us  node", end="")
    print(
        "".join(f"  {name + ' / ours, and which':46}" for name in RIVALS if with_compiled or name != COMPILED), end=""
    )
    print("share of the limit, its lead")
    ratios: dict[tuple[str, str], list[float]] = {}
    for point in points(networks, threads):
        for name, ratio in row(point, with_compiled=with_compiled, processor=processor).items():
            ratios.setdefault((point.operator, name), []).append(ratio)
    for (operator, name), values in ratios.items():
        mean = geometric_mean(values)
        low = "" if mean >= WANTED else f"   BELOW {WANTED}"
        print(f"  {operator}, {name}: geometric mean {mean:.2f}, least {min(values):.2f} of {len(values)}{low}")


def main() -> None:
    import torch

    parser = argparse.ArgumentParser()
    parser.add_argument("--networks", default=",".join(NETWORKS))
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--compiled", action="store_true")
    parser.add_argument("--processor", action="store_true", help="one thread, seconds of its processor")
    asked = parser.parse_args()
    torch.set_grad_enabled(False)
    print(f"torch {torch.__version__}, float32, batch 1, 224x224; medians, [95 % interval of the ratio]")
    for threads in [1] if asked.processor else map(int, asked.threads.split(",")):
        torch.set_num_threads(threads)
        table(asked.networks.split(","), threads, with_compiled=asked.compiled, processor=asked.processor)


if __name__ == "__main__":
    run_pinned("benchmarks.kernels.bottlenecks_cpu", main)
