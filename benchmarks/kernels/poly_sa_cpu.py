"""How far the C++ Poly-SA is ahead of torch.compile and eager, and how near to what its products and its bytes take.

    python -m benchmarks.kernels.poly_sa_cpu [--dtype float32] [--threads 2] [--shapes 4096x64,4096x256]

All of a shape take turns sample by sample in one process. `gemm` is a square matrix product of 1024, the fastest that
the library is known to be: at its rate the 3 N C^2 multiply-accumulates of Poly-SA take what the column says. `alone`
is the library's own products of Poly-SA's shapes, block by block in the cache as ours has them, and nothing else.
`copy` clones as many bytes as have to be moved: tokens in, tokens out. The bound is the larger of gemm and copy, which
may overlap, and its share is the bound over ours; `in a row` is their sum over ours. Ratios are of medians, with 95 %
intervals. The last column is how far ahead of torch.compile the bound itself would be: what no kernel can pass.

`--processor` counts the seconds of one thread's processor, which other work on the machine lengthens less than the
wall's: caches and the other thread of its core are still shared.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from benchmarks.kernels.turns import timed
from benchmarks.pinned import run_pinned

if TYPE_CHECKING:
    from torch import Tensor

    from opbench.vocabulary.interval import Interval

SHAPES = (
    (256, 64),
    (1024, 64),
    (16384, 64),
    (65536, 64),
    (1024, 128),
    (16384, 128),
    (4096, 256),
    (16384, 256),
    (4096, 512),
)
"""(tokens, width), one sequence: 64 KiB to 16 MiB of tokens in float32."""
SQUARE = 1024


def launches(tokens: int, width: int, dtype: str) -> dict[str, Callable[[], Tensor]]:
    """By name, calls on the same tensors."""
    import torch

    from impls.attention.poly_sa import cpp_ext, torch_compile, torch_eager
    from impls.attention.poly_sa.operator import inputs
    from opbench import Point
    from opbench.vocabulary.case import Axes

    axes = Axes({"batch": 1, "tokens": tokens, "width": width, "heads": 1})
    point = Point("poly_sa", axes, dtype=dtype)
    tensors = inputs(point)
    backends = {"ours": cpp_ext, "compiled": torch_compile, "eager": torch_eager}
    found: dict[str, Callable[[], Tensor]] = {
        name: backend.prepare(point, tensors, None, "") for name, backend in backends.items()
    }
    kind = getattr(torch, dtype)
    source, square = torch.ones(tokens * width, dtype=kind), torch.ones(SQUARE, SQUARE, dtype=kind)
    into = torch.empty_like(square)
    return {
        **found,
        "alone": products_alone(*tensors.values()),
        "copy": source.clone,
        "gemm": lambda: torch.mm(square, square, out=into),
    }


def products_alone(x: Tensor, w1: Tensor, w2: Tensor, w3: Tensor) -> Callable[[], Tensor]:
    """Tokens times both weights, a block at a time into one place; tokens times the last weights."""
    import torch

    from impls.attention.poly_sa.functional import block_of

    flat, both = x[0], torch.cat((w1, w2), 1)
    block = min(len(flat), block_of(flat.shape[1], flat.element_size()) * torch.get_num_threads())
    blocks = torch.split(flat, block)
    scratch = torch.empty(len(blocks[0]), both.shape[1], dtype=x.dtype)

    def run() -> Tensor:
        for block in blocks:
            torch.mm(block, both, out=scratch[: len(block)])
        return flat @ w3

    return run


def scaled(interval: Interval, factor: float) -> Interval:
    from opbench.vocabulary.interval import Interval as Made

    return Made(interval.low * factor, interval.mid * factor, interval.high * factor)


def row(tokens: int, width: int, dtype: str, *, processor: bool) -> str:
    """One line of the table."""
    seconds = timed(launches(tokens, width, dtype), processor=processor)
    ours = seconds["ours"]
    gemm = scaled(seconds["gemm"], 3 * tokens * width**2 / SQUARE**3)
    bound = max(gemm, seconds["copy"], key=lambda each: each.mid)
    both = (gemm.mid + seconds["copy"].mid) / ours.mid
    over = [seconds[name].over(ours) for name in ("compiled", "eager", "alone")]
    columns = "  ".join(f"{one.mid:5.2f} [{one.low:5.2f}, {one.high:5.2f}]" for one in [*over, bound.over(ours)])
    name = "gemm" if bound is gemm else "copy"
    most = seconds["compiled"].mid / bound.mid
    return f"{tokens:7} {width:5} {ours.mid * 1e6:9.1f}   {columns} {name} {both:6.2f} {most:6.2f}"


def shapes(text: str | None) -> Sequence[tuple[int, int]]:
    """`4096x64,16384x128` as pairs; SHAPES where nothing is said."""
    if text is None:
        return SHAPES
    pairs = [tuple(map(int, word.split("x"))) for word in text.split(",")]
    return [(tokens, width) for tokens, width in pairs]


def main() -> None:
    import torch

    parser = argparse.ArgumentParser()
    parser.add_argument("--dtype", default="float32")
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--shapes")
    parser.add_argument("--processor", action="store_true", help="seconds of one thread's processor, not of the wall")
    asked = parser.parse_args()
    if asked.threads or asked.processor:
        torch.set_num_threads(1 if asked.processor else asked.threads)
    torch.set_grad_enabled(False)
    print(f"{torch.get_num_threads()} threads, torch {torch.__version__}, {asked.dtype}; medians, [95 % interval]")
    over = "compiled / ours       eager / ours          alone / ours          bound / ours"
    print(f" tokens width   ours us   {over}         in a row  bound's lead")
    for tokens, width in shapes(asked.shapes):
        print(row(tokens, width, asked.dtype, processor=asked.processor), flush=True)


if __name__ == "__main__":
    run_pinned("benchmarks.kernels.poly_sa_cpu", main)
