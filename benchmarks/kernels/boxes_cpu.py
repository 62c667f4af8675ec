"""How far the C++ kernels of boxes are ahead of PyTorch, torch.compile and torchvision.

    python -m benchmarks.kernels.boxes_cpu [--dtype float32] [--operator nms,box_iou,box_decode] [--threads 2]
    python -m benchmarks.kernels.boxes_cpu --processor

All of a shape take turns sample by sample in one process. Ratios are of medians, the time of each over ours, with 95 %
intervals. `--processor` is for a machine with other work: one thread, by the processor's clock. Of `nms` it says how
many boxes survive, and that all kept the same.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING

from benchmarks.kernels.turns import timed
from benchmarks.pinned import run_pinned

if TYPE_CHECKING:
    from torch import Tensor

SHAPES: dict[str, tuple[dict[str, int], ...]] = {
    "nms": (
        {"boxes": 100}, {"boxes": 1000}, {"boxes": 10_000}, {"boxes": 10_000, "per_object": 4},
        {"boxes": 10_000, "classes": 80}, {"boxes": 100_000, "classes": 80},
    ),
    "box_iou": (
        {"boxes": 100, "others": 100}, {"boxes": 12_804, "others": 8}, {"boxes": 1000, "others": 1000},
        {"boxes": 10_000, "others": 1000},
    ),
    "box_decode": ({"batch": 1}, {"batch": 16}, {"batch": 64}),
}  # fmt: skip

RIVALS = {
    "nms": ("torchvision_nms", "torch_eager", "torch_matrix", "torch_compile"),
    "box_iou": ("torch_compile", "torch_eager"),
    "box_decode": ("torch_compile", "torch_eager"),
}

SLOW = 20_000
"""Boxes from which on only torchvision's kernel is beside ours: the others take seconds a call, or gigabytes."""


def launches(operator: str, axes: dict[str, int], dtype: str) -> dict[str, Callable[[], Tensor]]:
    """By name, calls on the same tensors; "ours" first."""
    from opbench import Backend, Point, catalog
    from opbench.errors import MachineError

    described = catalog.operator(operator)
    point = Point(operator, described.complete(axes), dtype=dtype)
    tensors = described.inputs(point)
    few = axes.get("boxes", 0) > SLOW
    made = {}
    for name in ("cpp_ext", *(RIVALS[operator][:1] if few else RIVALS[operator])):
        backend = catalog.backend(operator, name)
        reason = backend.missing("cpu") if isinstance(backend, Backend) else backend.reason
        if reason is not None or not isinstance(backend, Backend):
            if name == "cpp_ext":
                raise MachineError(f"our kernels cannot run here: {reason}")
            continue
        made["ours" if name == "cpp_ext" else name] = backend.prepare(point, tensors, None, "")
    return made


def survivors(made: dict[str, Callable[[], Tensor]]) -> int:
    """How many boxes all keep; raises SystemExit where two keep others."""
    kept = {name: call().tolist() for name, call in made.items()}
    differing = [name for name, found in kept.items() if found != kept["ours"]]
    if differing:
        raise SystemExit(f"{', '.join(differing)} keep other boxes than ours")
    return sum(box >= 0 for box in kept["ours"])


def table(operator: str, dtype: str, *, processor: bool) -> None:
    rivals = RIVALS[operator]
    print(
        f"\n{operator} {dtype}; - is not measured\n{'':44} ours us   "
        + "".join(f"{name + ' / ours':24}" for name in rivals)
    )
    for axes in SHAPES[operator]:
        made = launches(operator, axes, dtype)
        kept = f", {survivors(made)} kept" if operator == "nms" else ""
        row = timed(made, processor=processor)
        over = [row[name].over(row["ours"]) if name in row else None for name in rivals]
        ratios = [f"{one.mid:.2f} [{one.low:.2f}, {one.high:.2f}]" if one else "-" for one in over]
        label = " ".join(f"{name} {value}" for name, value in axes.items()) + kept
        print(f"{label:44} {row['ours'].mid * 1e6:9.1f}   " + "".join(f"{ratio:24}" for ratio in ratios), flush=True)


def main() -> None:
    import torch

    parser = argparse.ArgumentParser()
    parser.add_argument("--dtype", default="float32")
    parser.add_argument("--operator", default=",".join(SHAPES))
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--processor", action="store_true")
    asked = parser.parse_args()
    if threads := 1 if asked.processor else asked.threads:
        torch.set_num_threads(threads)
    print(f"{torch.get_num_threads()} threads, torch {torch.__version__}; medians, [95 % interval of the ratio]")
    for operator in asked.operator.split(","):
        table(operator, asked.dtype, processor=asked.processor)


if __name__ == "__main__":
    run_pinned("benchmarks.kernels.boxes_cpu", main)
