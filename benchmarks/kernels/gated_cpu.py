"""How far the C++ gated product is ahead of torch.compile and eager, and how near to what moving its bytes takes.

    python -m benchmarks.kernels.gated_cpu [--dtype float32] [--form silu] [--mode forward,backward] [--threads 2]

All of a shape take turns sample by sample in one process. `copy` clones as many bytes as the operation has to move:
forward 1.5 times its output (two reads and a write are three halves of a copy), backward 2.5 times. Its share is the
copy's time over ours: 1 is as fast as a clone. Ratios are of medians, with 95 % intervals.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING

from benchmarks.kernels.turns import timed
from benchmarks.pinned import run_pinned

if TYPE_CHECKING:
    from torch import Tensor

SHAPES = ((16, 688), (128, 688), (128, 2752), (1024, 2752), (4096, 2752))
"""(tokens, width): 43 KiB of output to 43 MiB in float32."""

MOVED = {"forward": 1.5, "backward": 2.5}
"""Copies of the output's size that move as many bytes."""


def launches(tokens: int, width: int, dtype: str, form: str, mode: str) -> dict[str, Callable[[], Tensor]]:
    """By name, calls on the same tensors, each with an output of its own."""
    import torch

    from impls.gated_product import cpp_ext, torch_compile, torch_eager
    from impls.gated_product.operator import inputs
    from opbench import Point
    from opbench.vocabulary.case import Axes

    axes = Axes({"tokens": tokens, "width": width, "form": form, "packed": 0})
    point = Point("gated_product", axes, dtype=dtype, mode=mode)
    tensors = inputs(point)
    backends = {"ours": cpp_ext, "compiled": torch_compile, "eager": torch_eager}
    found = {name: backend.prepare(point, tensors, None, "") for name, backend in backends.items()}
    count = round(MOVED[mode] * tokens * width)
    source = torch.ones(count, dtype=getattr(torch, dtype))
    return {**found, "copy": source.clone}


def table(dtype: str, form: str, mode: str) -> None:
    from opbench.vocabulary.interval import geometric_mean

    print(
        f"\n{mode} {form} {dtype}\n tokens width    ours us   compiled / ours       eager / ours          copy / ours"
    )
    ratios: dict[str, list[float]] = {"compiled": [], "eager": [], "copy": []}
    for tokens, width in SHAPES:
        row = timed(launches(tokens, width, dtype, form, mode))
        over = {name: row[name].over(row["ours"]) for name in ratios}
        for name, ratio in over.items():
            ratios[name].append(ratio.mid)
        columns = "   ".join(f"{one.mid:5.2f} [{one.low:5.2f}, {one.high:5.2f}]" for one in over.values())
        print(f"{tokens:7} {width:5} {row['ours'].mid * 1e6:10.1f}   {columns}", flush=True)
    for name, column in ratios.items():
        print(f"  {name:8} over ours: geometric mean {geometric_mean(column):.2f}, least {min(column):.2f}")


def main() -> None:
    import torch

    parser = argparse.ArgumentParser()
    parser.add_argument("--dtype", default="float32")
    parser.add_argument("--form", default="silu")
    parser.add_argument("--mode", default="forward,backward")
    parser.add_argument("--threads", type=int, default=0)
    asked = parser.parse_args()
    if asked.threads:
        torch.set_num_threads(asked.threads)
    print(f"{torch.get_num_threads()} threads, torch {torch.__version__}; medians, [95 % interval of the ratio]")
    for mode in asked.mode.split(","):
        table(asked.dtype, asked.form, mode)


if __name__ == "__main__":
    run_pinned("benchmarks.kernels.gated_cpu", main)
