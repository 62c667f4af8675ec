"""Theory and measurement of every normaliser, dtype and scaling, as plain data."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch

from impls.cross_hadamard.pairs import pair_count
from impls.hadaptive.propagation.measure import DTYPES, Layer, Sizes, Spread, layers, overflow, typical_overflow
from impls.hadaptive.propagation.theory import Moments, Stack, product, stability, states
from impls.hadaptive.propagation.theory import overflow as theoretical_overflow

FORMAT = "opbench.hadaptive.propagation/1"


def study(
    norms: Sequence[str],
    dtypes: Sequence[str],
    scales: Sequence[float],
    rest: Moments,
    sizes: Sizes,
    note: Callable[[str], None] = lambda _: None,
) -> dict[str, Any]:
    """What `reports.hadaptive.propagation` draws. note: told of every stack that is done.

    `stacks` has one of each normaliser: `gain`, `bias` and `stability` of its theory, and `runs`, one of each scaling
    with the products' mean and variance layer by layer: `theory` in float64, up to float32's largest number, and
    `measured` by dtype. `overflow` is the first layer with a product that is no finite number, `typical_overflow` the
    first with one at half of the positions, None without; of theory it is what the second should be.
    """
    stacks = []
    for norm in norms:
        stack = Stack(norm, rest)
        runs = [_run(stack, scale, dtypes, sizes) for scale in scales]
        stacks.append(
            {"norm": norm, "gain": stack.gain, "bias": stack.bias, "stability": stability(stack), "runs": runs}
        )
        note(norm)
    return {
        "format": FORMAT,
        "torch": torch.__version__,
        "rest": rest._asdict(),
        "channels": sizes.channels,
        "positions": sizes.positions,
        "depth": sizes.depth,
        "seed": sizes.seed,
        "stacks": stacks,
    }


def _run(stack: Stack, scale: float, dtypes: Sequence[str], sizes: Sizes) -> dict[str, Any]:
    start = Moments(scale * stack.rest.mean, scale**2 * stack.rest.variance)
    largest = torch.finfo(torch.float32).max
    theory = [product(state, state) for state in states(stack, start, sizes.depth, largest)]
    measured = {}
    for dtype in dtypes:
        found = list(layers(stack, scale, dtype, sizes))
        ends = {"overflow": overflow(found), "typical_overflow": typical_overflow(found)}
        measured[dtype] = {**ends, "layers": [_plain(layer) for layer in found]}
    pairs = pair_count(sizes.channels)
    passed = {dtype: theoretical_overflow(theory, torch.finfo(DTYPES[dtype]).max, pairs) for dtype in dtypes}
    return {
        "scale": scale,
        "theory": {"overflow": passed, "layers": [products._asdict() for products in theory]},
        "measured": measured,
    }


def _plain(layer: Layer) -> dict[str, Any]:
    return {
        "depth": layer.depth,
        "mean": _finite(layer.mean),
        "variance": _finite(layer.variance),
        "ratio": _finite(layer.ratio),
        "pooled_mean": None if layer.pooled is None else layer.pooled.mean,
        "pooled_variance": None if layer.pooled is None else layer.pooled.variance,
        "finite": layer.finite,
    }


def _finite(spread: Spread | None) -> list[float | None] | None:
    """[low, mid, high], None where one is infinite: JSON has no word for it."""
    return None if spread is None else [value if math.isfinite(value) else None for value in spread]
