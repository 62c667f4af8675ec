"""How far the fused ACH expansion of the C++ kernels is ahead of eager's separate steps, forward and backward.

    python -m benchmarks.kernels.ach_expand [forward | backward]

Shapes are those of the ACH modules in Hadaptive-Net. Eager takes its steps one after the other: gather the selected
channels, gather both factors of every pair (by index_select and by indexing: two rows), multiply, normalise, cat.
All of a shape take turns sample by sample in one process, so that a burst of foreign load falls on all of them, and
are compared by the ratio of their medians.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from benchmarks.kernels.turns import timed
from benchmarks.pinned import run_pinned

if TYPE_CHECKING:
    from torch import Tensor

SHAPES = ((96, 16, 14), (128, 32, 7), (192, 32, 14), (256, 36, 7))
"""(channels, selected, edge)."""

BATCHES = (1, 16)


def eager(gather: Callable[[Tensor, Tensor], Tensor], i: Tensor, j: Tensor) -> Callable[..., Tensor]:
    """The expansion in separate steps; gather(z, rows) picks one factor of every pair."""
    import torch

    def steps(x: Tensor, index: Tensor, alpha: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        z = x.gather(1, index.view(*index.shape, 1, 1).expand(*index.shape, *x.shape[2:]))
        u = alpha * (gather(z, i) * gather(z, j))
        normalised = u / (1 + u.abs()) * weight.view(-1, 1, 1) + bias.view(-1, 1, 1)
        return torch.cat([x, normalised], dim=1)

    return steps


def variants(k: int) -> dict[str, Callable[..., Tensor]]:
    """Eager by either way to gather."""
    import torch

    i, j = torch.triu_indices(k, k, offset=1).unbind()
    return {
        "index_select": eager(lambda z, rows: z.index_select(1, rows), i, j),
        "indexing": eager(lambda z, rows: z[:, rows], i, j),
    }


def launches(batch: int, channels: int, k: int, edge: int, mode: str) -> dict[str, Callable[[], Tensor]]:
    """By name, calls of the fused kernel and of both eager forms on the same tensors."""
    import torch

    from impls.cross_hadamard import cpp_kernels

    generator = torch.Generator().manual_seed(0)
    x = torch.randn(batch, channels, edge, edge, generator=generator)
    index = torch.stack([torch.randperm(channels, generator=generator)[:k] for _ in range(batch)])
    pairs = k * (k - 1) // 2
    parameters = (torch.full((1,), 0.5), torch.ones(pairs), torch.zeros(pairs))
    if mode == "forward":
        forms = {"fused": cpp_kernels.expand, **variants(k)}
        return {name: partial(form, x, index, *parameters) for name, form in forms.items()}
    grad = torch.randn(batch, channels + pairs, edge, edge, generator=generator)
    leaves = [one.requires_grad_() for one in (x.clone(), *(one.clone() for one in parameters))]

    def backward(y: Tensor) -> Tensor:
        return torch.autograd.grad(y, leaves, grad, retain_graph=True)[0]

    found = {name: partial(backward, form(leaves[0], index, *leaves[1:])) for name, form in variants(k).items()}
    return {"fused": lambda: cpp_kernels.expand_backward(grad, x, index, *parameters)[0], **found}


def table(mode: str) -> None:
    from opbench.vocabulary.interval import geometric_mean

    print(f"\n{mode:8}  batch   C  k edge    fused us   index_select / fused      indexing / fused", flush=True)
    ratios: dict[str, list[float]] = {"index_select": [], "indexing": []}
    for batch in BATCHES:
        for channels, k, edge in SHAPES:
            row = timed(launches(batch, channels, k, edge, mode))
            over = {name: row[name].over(row["fused"]) for name in ratios}
            for name, ratio in over.items():
                ratios[name].append(ratio.mid)
            columns = "   ".join(f"{one.mid:6.2f} [{one.low:5.2f}, {one.high:5.2f}]" for one in over.values())
            fused_us = row["fused"].mid * 1e6
            print(f"{'':8} {batch:6} {channels:3} {k:2} {edge:4} {fused_us:11.1f}   {columns}", flush=True)
    quicker = [min(pair) for pair in zip(*ratios.values(), strict=True)]
    for name, column in (ratios | {"the quicker eager": quicker}).items():
        print(f"  over {name:18} geometric mean {geometric_mean(column):.2f}, least {min(column):.2f}")


def main() -> None:
    import torch

    print(
        f"{torch.get_num_threads()} threads, torch {torch.__version__}; float32, medians, [95 % interval of the ratio]"
    )
    for mode in sys.argv[1:] or ("forward", "backward"):
        with torch.set_grad_enabled(mode == "backward"):
            table(mode)


if __name__ == "__main__":
    run_pinned("benchmarks.kernels.ach_expand", main)
