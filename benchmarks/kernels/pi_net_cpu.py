"""How far the C++ Pi-Net is ahead of torch.compile and eager, and how near to its projections' matrix product alone.

    python -m benchmarks.kernels.pi_net_cpu [--form ncp] [--mode forward,backward] [--threads 2]
    python -m benchmarks.kernels.pi_net_cpu --processor

The survey's sizes: 784 features, 16 hidden values, 10 classes. All of a shape take turns sample by sample in one
process. `product` is the projections' matrix product by PyTorch, forward once, backward three times: none of the
others can leave it out. Ratios are of medians, with 95 % intervals.

`--processor` counts the seconds of one thread's processor, which other work on the machine lengthens less than the
wall's.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING

from benchmarks.kernels.turns import timed
from benchmarks.pinned import run_pinned

if TYPE_CHECKING:
    from torch import Tensor

SHAPES = ((1, 4), (16, 4), (256, 4), (4096, 4), (256, 16))
"""(batch, degree)."""


def launches(batch: int, degree: int, form: str, mode: str) -> dict[str, Callable[[], Tensor]]:
    """By name, calls on the same float32 tensors, each with an output of its own."""
    from impls.polynomial.pi_net import cpp_ext, torch_compile, torch_eager
    from impls.polynomial.pi_net.operator import OPERATOR, inputs
    from opbench import Point

    point = Point("pi_net", OPERATOR.complete({"batch": batch, "degree": degree, "form": form}), mode=mode)
    tensors = inputs(point)
    backends = {"ours": cpp_ext, "compiled": torch_compile, "eager": torch_eager}
    found = {name: backend.BACKEND.prepare(point, tensors, None, "") for name, backend in backends.items()}
    z, flat = tensors["z"], tensors["a"].flatten(0, 1)

    def product() -> Tensor:
        p = z @ flat.T
        if mode == "backward":
            p @ flat
            p.T @ z
        return p

    return {**found, "product": product}


def table(form: str, mode: str, *, processor: bool) -> None:
    print(f"\n{mode} {form}\n batch degree    ours us   compiled / ours       eager / ours          product / ours")
    for batch, degree in SHAPES:
        row = timed(launches(batch, degree, form, mode), processor=processor)
        over = (row[name].over(row["ours"]) for name in ("compiled", "eager", "product"))
        columns = "   ".join(f"{ratio.mid:5.2f} [{ratio.low:5.2f}, {ratio.high:5.2f}]" for ratio in over)
        print(f"{batch:6} {degree:6} {row['ours'].mid * 1e6:10.1f}   {columns}", flush=True)


def main() -> None:
    import torch

    parser = argparse.ArgumentParser()
    parser.add_argument("--form", default="ncp")
    parser.add_argument("--mode", default="forward,backward")
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--processor", action="store_true", help="seconds of one thread's processor, not of the wall")
    asked = parser.parse_args()
    if asked.threads or asked.processor:
        torch.set_num_threads(1 if asked.processor else asked.threads)
    print(f"{torch.get_num_threads()} threads, torch {torch.__version__}; medians, [95 % interval of the ratio]")
    for mode in asked.mode.split(","):
        table(asked.form, mode, processor=asked.processor)


if __name__ == "__main__":
    run_pinned("benchmarks.kernels.pi_net_cpu", main)
