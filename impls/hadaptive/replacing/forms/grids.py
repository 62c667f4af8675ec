"""The forms that are tried of each block of table 5, with what each costs.

All are of the last two blocks, on maps of 7x7; of StarNet also of the stage before, on 14x14. Sizes that a form leaves
open go over what networks of this kind have: kernels of 3, 5 and 7, squeezes to usual shares of the channels, rounded
down or to a multiple of 8.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import NamedTuple

from impls.cross_hadamard.pairs import pair_count
from impls.hadaptive.replacing.forms.parts import Parts, ach, bare, convolution, depthwise, squeeze, total
from impls.hadaptive.replacing.resizing import multiple_of_8

EDGE = 7
KERNELS = (3, 5, 7)
WIDEST = 1600


class Form(NamedTuple):
    """One block. steps: what it does, in order. wide: channels that ACH gives. squeezed: "none", or to what."""

    steps: str
    k: int
    wide: int
    kernel: int
    squeezed: str
    cost: Parts


def squeezes(wide: int, channels: int) -> dict[str, int]:
    """Channels that a squeeze of `wide` leaves, by name, no size twice; `channels` are the block's."""
    named = {
        "none": 0,
        "a quarter": wide // 4,
        "a quarter, multiple of 8": multiple_of_8(wide / 4),
        "a half": wide // 2,
        "a third, multiple of 8": multiple_of_8(wide / 3),
        "a sixth, multiple of 8": multiple_of_8(wide / 6),
        "an eighth": wide // 8,
        "an eighth, multiple of 8": multiple_of_8(wide / 8),
        "a sixteenth": wide // 16,
        "the block's channels": channels,
        "half the block's channels": channels // 2,
        "a quarter of the block's channels": channels // 4,
    }
    first = {size: name for name, size in reversed(named.items())}
    return {name: size for name, size in named.items() if first[size] == name}


def _squeezed(
    steps: str, k: int, wide: int, kernel: int, cost: Parts, over: int, channels: int, edge: int = EDGE
) -> Iterator[Form]:
    """The form with every squeeze of `over` channels."""
    for name, size in squeezes(over, channels).items():
        yield Form(steps, k, wide, kernel, name, total(cost, squeeze(over, size, edge)))


def inverted_residuals(channels: int) -> Iterator[Form]:
    """MobileNetV3 and V4: ACH, depthwise, 1x1; in V4 perhaps a depthwise convolution before."""
    for k in range(2, channels + 1):
        if (wide := channels + pair_count(k)) > WIDEST:
            return
        widened = total(ach(channels, k, EDGE), convolution(wide, channels, EDGE))
        for kernel, before in product(KERNELS, (0, *KERNELS)):
            first = depthwise(channels, EDGE, before) if before else Parts(0, 0)
            cost = total(widened, first, depthwise(wide, EDGE, kernel))
            steps = f"depthwise {before}x{before}, " * bool(before) + "ACH, depthwise, 1x1"
            yield from _squeezed(steps, k, wide, kernel, cost, wide, channels)


def shuffle_units(branch: int) -> Iterator[Form]:
    """ShuffleNetV2's working branch: narrowed, so that products make up for what is left out, or widened in between."""
    for k, kernel in product(range(2, branch + 1), KERNELS):
        if (narrow := branch - pair_count(k)) >= k:
            before = total(convolution(branch, narrow, EDGE), ach(narrow, k, EDGE))
            orders = {
                "1x1, depthwise, ACH": depthwise(narrow, EDGE, kernel),
                "1x1, ACH, depthwise": depthwise(branch, EDGE, kernel),
                "1x1, ACH, depthwise, 1x1": total(depthwise(branch, EDGE, kernel), convolution(branch, branch, EDGE)),
            }
            for steps, rest in orders.items():
                yield from _squeezed(steps, k, branch, kernel, total(before, rest), branch, branch)
        for share in (1, 2, 3, 4, 8):
            inputs = branch // share
            if k > inputs or (wide := inputs + pair_count(k)) > WIDEST:
                continue
            first = convolution(branch, inputs, EDGE) if share > 1 else Parts(0, 0)
            rest = total(depthwise(wide, EDGE, kernel), convolution(wide, branch, EDGE))
            steps = f"1x1 to 1/{share}, " * (share > 1) + "ACH, depthwise, 1x1"
            cost = total(first, ach(inputs, k, EDGE), rest)
            yield from _squeezed(steps, k, wide, kernel, cost, wide, branch)


def star_blocks(channels: int, edge: int) -> Iterator[Form]:
    """StarNet: ACH for the star, for one of its factors or for both, with or without depthwise convolutions around."""
    for share, factors in product((1, 2, 3, 4), ("ACH", "ACH * 1x1", "ACH * ACH")):
        inputs = channels // share
        first = convolution(channels, inputs, edge) if share > 1 else Parts(0, 0)
        for k in range(2, inputs + 1):
            if (wide := inputs + pair_count(k)) > WIDEST:
                break
            expand = ach(inputs, k, edge)
            second = {"ACH": Parts(0, 0), "ACH * 1x1": bare(channels, wide, edge), "ACH * ACH": expand}[factors]
            widened = total(first, expand, second, convolution(wide, channels, edge))
            for kernel, around in product((0, *KERNELS), range(3)):
                inner = depthwise(wide, edge, kernel) if kernel else Parts(0, 0)
                outer = [depthwise(channels, edge, 7, norm=one == 0) for one in range(around)]
                steps = f"1x1 to 1/{share}, " * (share > 1) + f"{factors}, 1x1, {around} depthwise 7x7 around"
                cost = total(widened, inner, *outer)
                yield from _squeezed(steps, k, wide, kernel, cost, wide, channels, edge)
